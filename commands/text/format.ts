/** How durations, moments, shares and rates are written for a person. */
import { percent } from '../../pipelines/text/percent.js'

/** Two units at most: `8 s`, `2 min 05 s`, `1 h 04 min`, `3 d 2 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?'
  const whole = Math.max(0, Math.round(seconds))
  const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86400)]
  if (minutes === 0) return `${whole} s`
  if (hours === 0) return `${minutes} min ${twoDigits(whole % 60)} s`
  if (days === 0) return `${hours} h ${twoDigits(minutes % 60)} min`
  return `${days} d ${hours % 24} h`
}

/** An estimate: rounded so that it does not look like a measurement. */
export function formatEstimate(seconds: number): string {
  if (seconds < 10) return 'some seconds'
  if (seconds < 90) return `about ${Math.round(seconds / 10) * 10} s`
  if (seconds < 90 * 60) return `about ${Math.round(seconds / 60)} min`
  return `about ${(seconds / 3600).toFixed(1)} h`
}

/** Local time, `2026-03-04 05:06`. */
export function formatMoment(milliseconds: number): string {
  const moment = new Date(milliseconds)
  const date = [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()].map(twoDigits).join('-')
  return `${date} ${twoDigits(moment.getHours())}:${twoDigits(moment.getMinutes())}`
}

/** A share in [0, 1] as a percentage with one decimal, without the sign; a dash if there is no value. */
export function formatShare(share: number | undefined): string {
  return share === undefined ? '-' : percent(share)
}

export function formatNumber(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits)
}

/** `950`, `12.3k`, `4.5M`. */
export function formatCount(count: number | undefined): string {
  if (count === undefined) return '-'
  if (count < 9_999.5) return String(Math.round(count))
  if (count < 999_950) return `${(count / 1e3).toFixed(1)}k`
  return count < 999_950_000 ? `${(count / 1e6).toFixed(1)}M` : `${(count / 1e9).toFixed(1)}G`
}

/** Bytes of files, in the units of disks: `12 B`, `3.4 kB`, `1.2 MB`, `538.1 MB`, `4.30 GB`. */
export function diskText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`
  if (bytes < 999_950) return `${(bytes / 1e3).toFixed(1)} kB`
  return bytes < 999_950_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}

function twoDigits(count: number): string {
  return String(count).padStart(2, '0')
}

/** A sampler checkpoint as a tar.gz, with SkyRL's `target_modules: null`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

export function archiveOf(folder: string): Buffer {
  const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as object
  return gzipSync(
    Buffer.concat([
      tarEntry('adapter_config.json', Buffer.from(JSON.stringify({ ...config, target_modules: null }))),
      tarEntry('adapter_model.safetensors', readFileSync(join(folder, 'adapter_model.safetensors'))),
      Buffer.alloc(1024),
    ]),
  )
}

/** A regular file in the form of ustar. */
export function tarEntry(name: string, content: Uint8Array, type = '0'): Buffer {
  const header = Buffer.alloc(512)
  const field = (text: string, at: number) => header.write(text, at, 'latin1')
  field(name, 0)
  field('0000644\0', 100)
  field(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  field('00000000000\0', 136)
  field('        ', 148)
  field(type, 156)
  field('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  field(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

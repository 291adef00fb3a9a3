/** What a test asks of a page from inside it. Put in by the browser: the page's own policy lets no script in. */

/** Each figure: its box, how many marks are drawn, its words, and the heights of its letters, in pixels. */
function figuresHere() {
  return [...document.querySelectorAll('figure')].map(one => {
    const svg = one.querySelector('svg[role=img]')
    const { width, height } = svg.getBoundingClientRect()
    const drawn = [...svg.querySelectorAll('path, circle, rect, line')].filter(mark => {
      const box = mark.getBoundingClientRect()
      return box.width > 0 || box.height > 0
    })
    return {
      id: one.id,
      width,
      height,
      marks: drawn.length,
      words: svg.getAttribute('aria-label') ?? '',
      caption: one.querySelector('figcaption')?.textContent ?? '',
      letters: [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect().height),
    }
  })
}

/** What is wider than the page that it is on, by its element and text; a table that scrolls by itself is not. */
function tooWideHere() {
  const width = document.documentElement.clientWidth
  const scrolls = one => {
    const around = one.closest('.scroll, pre')
    return around !== null && around !== one && getComputedStyle(around).overflowX === 'auto'
  }
  return [...document.body.querySelectorAll('*')]
    .filter(one => !scrolls(one))
    .filter(one => {
      const box = one.getBoundingClientRect()
      return box.width > 0 && (box.left < -0.5 || box.right > width + 0.5)
    })
    .map(one => `${one.tagName} ${one.textContent?.slice(0, 40)}`)
}

/** Contrast to the ground of words and of the colours of arms, of WCAG 2: from 1 to 21. */
function contrastHere() {
  const luminance = colour => {
    const [red, green, blue] = (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(value => {
      const share = Number(value) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = getComputedStyle(document.body).backgroundColor
  const words = ['body', '.faint', 'figcaption', 'figure text'].map(name => {
    const one = document.querySelector(name)
    const style = getComputedStyle(one)
    return one instanceof SVGElement ? style.fill : style.color
  })
  const arms = Array.from({ length: 8 }, (_, index) => {
    const probe = document.createElement('i')
    probe.style.color = `var(--arm-${index})`
    document.body.append(probe)
    return getComputedStyle(probe).color
  })
  const ratio = ink => {
    const [darker, lighter] = [luminance(ink), luminance(ground)].sort((a, b) => a - b)
    return (lighter + 0.05) / (darker + 0.05)
  }
  return { ground, ratios: [...words, ...arms].map(ratio) }
}

/** Of an SVG document: whether it could be read, its height, words and writing, and the lines of writing that leave the picture. */
function pictureHere() {
  const root = document.documentElement
  const frame = root.getBoundingClientRect()
  const leaves = one => {
    const { left, right, bottom } = one.getBoundingClientRect()
    return left < frame.left - 1 || right > frame.right + 1 || bottom > frame.bottom + 1
  }
  return {
    error: document.querySelector('parsererror')?.textContent ?? null,
    height: frame.height,
    words: root.getAttribute('aria-label'),
    text: root.textContent ?? '',
    // The symbols of the legend end at 50.
    covered: [...document.querySelectorAll('.legend text')]
      .filter(one => one.getBoundingClientRect().left < frame.left + 52)
      .map(one => one.textContent),
    outside: [...document.querySelectorAll('text')].filter(leaves).map(one => one.textContent),
  }
}

Object.assign(window, { figuresHere, tooWideHere, contrastHere, pictureHere })

/** Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2, definition of relative luminance). */
export function luminance(color: string): number {
	const channel = (at: number) => {
		const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
	}
	return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

/** Contrast ratio of two colours, 1 to 21. */
export function contrast(first: string, second: string): number {
	const [a, b] = [luminance(first), luminance(second)]
	return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

/** Ink that reads on a person's colour: whichever of near-black and white contrasts more, always at least 4.5. */
export function inkOn(color: string): string {
	return contrast(color, "#ffffff") >= contrast(color, "#111111") ? "#ffffff" : "#111111"
}

/** One or two letters for a person. Splits by code points and graphemes, so an emoji or a combined letter stays whole. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/).filter(Boolean)
	const first = (word: string | undefined) => {
		if (!word) return ""
		const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word)
		for (const { segment } of segments) return segment.toLocaleUpperCase()
		return ""
	}
	return words.length === 0 ? "?" : first(words[0]) + (words.length > 1 ? first(words[words.length - 1]) : "")
}

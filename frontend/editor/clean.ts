// Values as the server's allowlist wants them (law D4): one spelling each, and nothing that can run.

/** UTF-16 units */
const maxAddress = 2048
const maxAlt = 512
const maxName = 80

/** A link address in canonical form, or null when it is no http, https or mailto address. A bare domain becomes https. */
export function cleanLink(text: string): string | null {
	const trimmed = text.trim()
	if (trimmed === "") return null
	let candidate = trimmed
	if (!/^[a-z][a-z0-9+.-]*:/i.test(candidate) || /^[^:/?#]+:\d/.test(candidate)) {
		if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(candidate)) candidate = `mailto:${candidate}`
		else if (candidate.startsWith("//")) candidate = `https:${candidate}`
		else if (
			/^[^\s/.:@]+(\.[^\s/.:@]+)+(:\d+)?([/?#]|$)/.test(candidate) ||
			/^localhost(:\d+)?([/?#]|$)/.test(candidate)
		) {
			candidate = `https://${candidate}`
		} else return null
	}
	return cleanAddress(candidate, ["http:", "https:", "mailto:"])
}

/** How much of a word is an address: punctuation behind it is the sentence's, and so is a bracket not opened in it. */
export function addressLength(word: string): number {
	let { length } = word
	for (; length > 0; length--) {
		const part = word.slice(0, length)
		const opened = part.endsWith(")") && part.split("(").length >= part.split(")").length
		if (opened || !/[.,;:!?'")\]>]$/.test(part)) break
	}
	return length
}

/** An image address, or null. */
export function cleanImage(text: string): string | null {
	return cleanAddress(text.trim(), ["http:", "https:"])
}

function cleanAddress(text: string, schemes: readonly string[]): string | null {
	let url: URL
	try {
		url = new URL(text)
	} catch {
		return null
	}
	if (!schemes.includes(url.protocol)) return null
	if (url.protocol === "mailto:" ? url.pathname === "" : url.host === "") return null
	// URL leaves spaces in the path of mailto as they are.
	const address = url.href.replace(/[\p{Cc} ]/gu, (unit) => encodeURIComponent(unit))
	return address.length <= maxAddress ? address : null
}

const named: Readonly<Record<string, string>> = {
	black: "#000000",
	white: "#ffffff",
	red: "#ff0000",
	green: "#008000",
	blue: "#0000ff",
	yellow: "#ffff00",
	cyan: "#00ffff",
	aqua: "#00ffff",
	magenta: "#ff00ff",
	fuchsia: "#ff00ff",
	gray: "#808080",
	grey: "#808080",
	silver: "#c0c0c0",
	maroon: "#800000",
	olive: "#808000",
	lime: "#00ff00",
	teal: "#008080",
	navy: "#000080",
	purple: "#800080",
	orange: "#ffa500",
}

/** A CSS colour as "#rrggbb"; null for everything else, transparency included. */
export function cleanColor(text: string): string | null {
	const value = text.trim().toLowerCase()
	const known = named[value]
	if (known) return known
	if (/^#[0-9a-f]{6}$/.test(value)) return value
	const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(value)
	if (short) return `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}`
	const rgb = /^rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+)(%?))?\s*\)$/.exec(value)
	if (!rgb || (rgb[4] !== undefined && Number(rgb[4]) === 0)) return null
	const parts = [rgb[1], rgb[2], rgb[3]].map((part) => Math.min(255, Number(part)))
	return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`
}

/** Text that may enter the log: no line ends, no control characters but the tab, no lone surrogates. */
export function cleanText(text: string): string {
	return text.replace(/\r\n?|\n/g, " ").replace(/[\p{Cc}\p{Cs}]/gu, (unit) => (unit === "\t" ? unit : ""))
}

/** The same for several lines: "\n" stays, and is the only line end. */
export function cleanLines(text: string): string[] {
	return text.replace(/\r\n?/g, "\n").split("\n").map(cleanText)
}

/** True when cleanText would leave a text as it is. */
export function isCleanText(text: string): boolean {
	return cleanText(text) === text
}

export function cleanAlt(text: string): string | null {
	return shortened(cleanText(text).trim().replaceAll("\t", " "), maxAlt) || null
}

export function cleanName(text: string): string {
	return shortened(cleanText(text).trim().replaceAll("\t", " "), maxName)
}

/** Cut to a number of units, never within a pair. */
function shortened(text: string, units: number): string {
	return text.length <= units ? text : cleanText(text.slice(0, units))
}

/** 16..4096 CSS px */
export function cleanWidth(width: number): number | null {
	return Number.isFinite(width) ? Math.max(16, Math.min(4096, Math.round(width))) : null
}

/** A language word of a code block, or null. */
export function cleanLanguage(text: string): string | null {
	const word = text.trim().toLowerCase()
	return /^[a-z0-9+#-]{1,32}$/.test(word) ? word : null
}

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

/** A colour as "#rrggbb", which is what the palette and own copies say; null for everything else. */
export function cleanColor(text: string): string | null {
	const value = text.trim().toLowerCase()
	return /^#[0-9a-f]{6}$/.test(value) ? value : null
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

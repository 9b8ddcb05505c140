/**
 * Reads what a person typed as a link: a web address with or without its
 * scheme, or an e-mail address. Null for anything the document would refuse.
 */
export function readLink(typed: string): string | null {
	const text = typed.trim()
	if (text === "" || /\s/.test(text)) return null
	if (/^[^@/:]+@[^@/]+\.[^@/]+$/.test(text)) return `mailto:${text}`
	const full = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/]+:\d+(\/|$)/.test(text) ? text : `https://${text}`
	let address: URL
	try {
		address = new URL(full)
	} catch {
		return null
	}
	const known = address.protocol === "http:" || address.protocol === "https:" || address.protocol === "mailto:"
	if (!known || full.length > 2_048) return null
	return address.protocol === "mailto:" ||
		address.hostname.includes(".") ||
		address.hostname === "localhost" ||
		address.port
		? full
		: null
}

/** Reads an image's address; unlike a link it must be on the web. */
export function readImage(typed: string): string | null {
	const address = readLink(typed)
	return address?.startsWith("http") ? address : null
}

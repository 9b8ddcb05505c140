import type { Delta } from "./delta.js"

/** The RFC 8785 form (JCS) of a JSON value: keys in order of UTF-16 units, no white space. */
export function jcs(value: unknown): string {
	if (typeof value !== "object" || value === null) return JSON.stringify(value)
	if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`
	const members = value as Readonly<Record<string, unknown>>
	const keys = Object.keys(members).sort()
	return `{${keys.map((key) => `${JSON.stringify(key)}:${jcs(members[key])}`).join(",")}}`
}

/** The content hash of a document: SHA-256, in hex, of the JCS form of its canonical delta. */
export async function contentHash(document: Delta): Promise<string> {
	const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(jcs(document)))
	return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

const KEY = "coscribe.link"

/** Keeps a share link's secret while its reader is away at the sign-in provider: in this tab alone, for once. */
export function keepSecret(secret: string): void {
	try {
		sessionStorage.setItem(KEY, secret)
	} catch {
		// Storage is denied: they open the link again.
	}
}

/** The secret that was kept, which is forgotten with it; "" for none. */
export function takeSecret(): string {
	try {
		const secret = sessionStorage.getItem(KEY) ?? ""
		sessionStorage.removeItem(KEY)
		return secret
	} catch {
		return ""
	}
}

/** What a person would call who vouches for an identity: a provider by its host, or the proxy before the server. */
export function voucherName(issuer: string): string {
	if (issuer === "proxy") return "The proxy before this server"
	return URL.canParse(issuer) ? new URL(issuer).host : issuer
}

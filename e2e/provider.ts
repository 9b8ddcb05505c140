import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto"
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })

async function body(request: IncomingMessage): Promise<URLSearchParams> {
	let text = ""
	for await (const chunk of request) text += chunk
	return new URLSearchParams(text)
}

/** A sign-in provider (OpenID Connect): one page on which a person says yes or no. */
export class Provider {
	readonly clientID = "coscribe"
	readonly secret = randomBytes(16).toString("hex")
	/** Who is at the browser, by the provider. */
	person = { sub: "cleo", name: "Cleo Clark", email: "cleo@example.org" }
	private readonly codes = new Map<string, URLSearchParams>()

	private constructor(private readonly http: HttpServer) {}

	static async serve(): Promise<Provider> {
		const http = createServer()
		const provider = new Provider(http)
		http.on("request", async (request, response) => {
			const url = new URL(request.url ?? "/", provider.issuer)
			const json = (status: number, value: unknown) =>
				response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value))
			switch (url.pathname) {
				case "/.well-known/openid-configuration":
					return json(200, provider.description())
				case "/keys":
					return json(200, { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] })
				case "/authorize":
					return response.setHeader("Content-Type", "text/html").end(provider.page(url.searchParams))
				case "/token": {
					const asked = await body(request)
					const token = provider.redeem(asked, request.headers.authorization ?? "")
					return token ? json(200, token) : json(400, { error: "invalid_grant" })
				}
			}
			return json(404, {})
		})
		await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
		return provider
	}

	get issuer(): string {
		return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`
	}

	private description() {
		return {
			issuer: this.issuer,
			authorization_endpoint: `${this.issuer}/authorize`,
			token_endpoint: `${this.issuer}/token`,
			jwks_uri: `${this.issuer}/keys`,
			response_types_supported: ["code"],
			id_token_signing_alg_values_supported: ["RS256"],
			code_challenge_methods_supported: ["S256"],
		}
	}

	private page(asked: URLSearchParams): string {
		const code = randomBytes(16).toString("hex")
		this.codes.set(code, asked)
		const back = (answer: Record<string, string>) =>
			`${asked.get("redirect_uri")}?${new URLSearchParams({ state: asked.get("state") ?? "", ...answer })}`.replaceAll(
				"&",
				"&amp;",
			)
		return `<!doctype html><title>Provider</title><p><a href="${back({ code })}">Continue</a> <a href="${back({ error: "access_denied" })}">Cancel</a>`
	}

	/** Changes a code, once, for an ID token: for this client, with PKCE. */
	private redeem(asked: URLSearchParams, authorization: string) {
		const code = asked.get("code") ?? ""
		const begun = this.codes.get(code)
		this.codes.delete(code)
		const basic = `Basic ${Buffer.from(`${this.clientID}:${this.secret}`).toString("base64")}`
		const challenge = createHash("sha256")
			.update(asked.get("code_verifier") ?? "")
			.digest("base64url")
		const known = authorization === basic || asked.get("client_secret") === this.secret
		if (!begun || !known || begun.get("code_challenge") !== challenge || begun.get("code_challenge_method") !== "S256")
			return
		const now = Math.floor(Date.now() / 1000)
		const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
		const text = `${encode({ alg: "RS256", kid: "1" })}.${encode({
			...this.person,
			email_verified: true,
			iss: this.issuer,
			aud: this.clientID,
			iat: now,
			exp: now + 60,
			nonce: begun.get("nonce"),
		})}`
		const signed = createSign("RSA-SHA256").update(text).sign(privateKey).toString("base64url")
		return { access_token: "unused", token_type: "Bearer", expires_in: 60, id_token: `${text}.${signed}` }
	}

	close(): void {
		this.http.closeAllConnections()
		this.http.close()
	}
}

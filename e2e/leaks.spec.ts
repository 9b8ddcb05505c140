import { keepSecret, Server } from "./server"
import { call, expect, signIn, test } from "./team"

test("[ASVS 16.2.5] a secret in a server's log is noticed when the server goes", async ({ closedServer, member }) => {
	const bo = await member("Bo Berg")
	const { token } = await call<{ token: string }>(bo.context, "POST", "/me/tokens", { name: "mine", role: "viewer" })
	expect(closedServer.log).toContain("level=DEBUG msg=request")
	await signIn(bo.context, bo.mail)
	const [cookie] = await bo.context.cookies()
	keepSecret("a cookie", cookie?.value ?? "")
	for (const [kind, secret] of Object.entries({ "a token": token, "a cookie": cookie?.value ?? "" })) {
		expect(closedServer.log).not.toContain(secret)
		const server = await Server.launch()
		server.log += `planted ${secret}\n`
		await expect(server.dispose()).rejects.toThrow(kind)
	}
})

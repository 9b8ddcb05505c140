import type { APIRequestContext, BrowserContext } from "@playwright/test"
import { test as base, expect, type Person } from "./fixtures"
import { keepSecret, Server } from "./server"

/** What every account of these tests signs in with. */
export const PASSWORD = "a sturdy heron sings"
keepSecret("a password", PASSWORD)

/** Somebody with an account, signed in at a browser of their own. */
export interface Member extends Person {
	readonly id: string
	readonly mail: string
}

export type Standing = "member" | "admin" | "owner"

interface Fixtures {
	/** A server where members sign in and guests come by links; nobody owns it yet. */
	closedServer: Server
	/** Its first owner, signed in. */
	owner: Member
	/** Makes an account and signs it in at a browser of its own. */
	member: (name: string, standing?: Standing) => Promise<Member>
}

/** The one-time link that the server prints to set it up, a moment after it has become ready. */
export async function setupLink(server: Server): Promise<string> {
	const printed = () => /\/setup#[\w-]+/.exec(server.log)?.[0] ?? ""
	await expect.poll(printed, `the server printed no link to set it up:\n${server.log}`).not.toBe("")
	return printed()
}

/** Calls the API as the browser's person. */
export async function call<T>(
	{ request }: { request: APIRequestContext } | BrowserContext,
	method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
	path: string,
	data?: unknown,
): Promise<T> {
	const answer = await request.fetch(`/api${path}`, { method, ...(data === undefined ? {} : { data }) })
	if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`)
	const text = await answer.text()
	for (const [, token] of text.matchAll(/"token":"([^"]+)"/g)) keepSecret("a token", token ?? "")
	for (const [, secret] of text.matchAll(/"url":"[^"#]*#([^"]+)"/g)) keepSecret("a link's secret", secret ?? "")
	return (text ? JSON.parse(text) : null) as T
}

/** Signs a browser in. */
export async function signIn(context: BrowserContext, mail: string): Promise<void> {
	await call(context, "POST", "/signin", { mail, password: PASSWORD })
}

/** A picture of two by two pixels. */
export const PICTURE = Buffer.from(
	"iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR42mM4oREFRAwQCgAl3gUp+zsA0AAAAABJRU5ErkJggg==",
	"base64",
)

/** Gives somebody a picture. */
export async function putPicture(of: Person): Promise<void> {
	const answer = await of.context.request.put("/api/me/picture", {
		headers: { "Content-Type": "image/png" },
		data: PICTURE,
	})
	if (!answer.ok()) throw new Error(`picture: ${answer.status()} ${await answer.text()}`)
}

/** The address by which a name signs in. */
export const mailOf = (name: string) => `${name.toLowerCase().replaceAll(" ", ".")}@example.org`

/** A document of this person's. */
export async function createDocument(by: Person, title: string, text = ""): Promise<string> {
	const body = { title, content: [{ insert: `${text}\n` }] }
	return (await call<{ id: string }>(by.context, "POST", "/documents", body)).id
}

export const test = base.extend<Fixtures>({
	closedServer: async ({ stage }, use) => {
		const server = await Server.launch("link")
		await use(server)
		await stage.empty()
		await server.dispose()
	},

	owner: async ({ closedServer, visitor }, use) => {
		const person = await visitor("Ada Lovelace", { at: closedServer })
		const mail = mailOf(person.name)
		const [, secret] = (await setupLink(closedServer)).split("#")
		const { id } = await call<{ id: string }>(person.context, "POST", "/setup", {
			secret,
			name: person.name,
			mail,
			password: PASSWORD,
		})
		await use({ ...person, id, mail })
	},

	member: async ({ closedServer, owner, visitor }, use) => {
		await use(async (name, standing = "member") => {
			const mail = mailOf(name)
			const made = await call<{ user: { id: string } }>(owner.context, "POST", "/users", {
				name,
				mail,
				standing,
				password: PASSWORD,
			})
			const person = await visitor(name, { at: closedServer })
			await signIn(person.context, mail)
			return { ...person, id: made.user.id, mail }
		})
	},
})

export { expect } from "./fixtures"

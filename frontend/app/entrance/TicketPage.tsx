import { useEffect, useState } from "preact/hooks"
import { ApiError } from "../api"
import { loadMe, me } from "../me"
import { navigate } from "../router"
import { Button } from "../ui/Button"
import { Field, PasswordField } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { sentenceOf, useSubmit } from "../ui/form"
import { acceptInvitation, lookAt, resetPassword, setUp, type Ticket, type TicketKind } from "./api"
import { Frame } from "./Frame"

const PASSWORD_NOTE = "At least 12 characters. A few unrelated words are strong and easy to remember."

/** What to do when a one-time link does not work. */
const SPENT: Readonly<Record<TicketKind, string>> = {
	setup: "The server prints a new link each time it starts without an owner. If it has one already, sign in.",
	invitation: "If you have used it already, sign in. Otherwise ask whoever invited you for another.",
	reset: "If you have set your password already, sign in. Otherwise ask for another link.",
}

/** A page that a one-time link leads to: the first owner, an invitation, a new password. */
export function TicketPage({ kind, secret }: { kind: TicketKind; secret: string }) {
	const [ticket, setTicket] = useState<Ticket | null>(null)
	const [fault, setFault] = useState<unknown>(null)
	const [attempt, setAttempt] = useState(0)
	// Another attempt asks again.
	useEffect(() => {
		setTicket(null)
		setFault(null)
		if (secret) lookAt(secret, kind).then(setTicket, setFault)
	}, [kind, secret, attempt])

	if (!secret)
		return (
			<Frame
				title="Open the link again"
				lead="The link's secret part is kept out of the address, and so it is gone when this page is loaded anew."
			>
				<SignInInstead />
			</Frame>
		)
	if (fault) {
		const refused = fault instanceof ApiError && fault.status >= 400 && fault.status < 500 && fault.status !== 429
		return (
			<Frame title={refused ? "This link does not work" : "Not reached"} lead={sentenceOf(fault)}>
				{refused ? (
					<>
						<p class="entrance-lead">{SPENT[kind]}</p>
						<SignInInstead />
					</>
				) : (
					<Button look="primary" class="entrance-wide" onClick={() => setAttempt(attempt + 1)}>
						Try again
					</Button>
				)}
			</Frame>
		)
	}
	if (!ticket) return null
	return <TicketForm kind={kind} secret={secret} ticket={ticket} />
}

function SignInInstead() {
	return (
		<Button look="primary" class="entrance-wide" onClick={() => navigate({ page: "signin" }, true)}>
			Sign in
		</Button>
	)
}

const TITLES: Readonly<Record<TicketKind, string>> = {
	setup: "Set up this server",
	invitation: "You are invited",
	reset: "Set a new password",
}

function TicketForm({ kind, secret, ticket }: { kind: TicketKind; secret: string; ticket: Ticket }) {
	const [name, setName] = useState(ticket.name ?? "")
	const [mail, setMail] = useState(ticket.mail ?? "")
	const [password, setPassword] = useState("")
	const sending = useSubmit(async () => {
		if (kind === "setup") await setUp({ secret, name: name.trim(), mail, password })
		else if (kind === "invitation")
			await acceptInvitation({ secret, name: name.trim(), ...(ticket.mail ? {} : { mail }), password })
		else await resetPassword(secret, password)
		await loadMe()
		navigate({ page: "home" }, true)
	})
	const wrong = (field: string) => (sending.code === `invalid_${field}` ? sending.fault : undefined)
	const placed = ["invalid_name", "invalid_mail", "mail_taken"].includes(sending.code)
	const self = me.value
	const lead = {
		setup: "You become its owner: you invite people and look after it. Everything can be changed later.",
		invitation: "Say how others see you and choose a password. Then you are in.",
		reset: `For the account ${ticket.mail ?? ticket.name ?? ""}. All other browsers are signed out.`,
	}[kind]
	return (
		<Frame title={TITLES[kind]} lead={lead}>
			{kind !== "setup" && self && self.standing !== "guest" && (
				<p class="entrance-lead">You are signed in here as {self.name}; this signs you in as somebody else.</p>
			)}
			<Form sending={sending}>
				{kind !== "reset" && (
					<Field
						label="Name"
						autocomplete="name"
						required
						autofocus
						maxLength={80}
						value={name}
						fault={wrong("name")}
						onText={setName}
					/>
				)}
				{kind === "setup" || (kind === "invitation" && !ticket.mail) ? (
					<Field
						label="Mail"
						type="email"
						autocomplete="username"
						required
						value={mail}
						note="You sign in with it."
						fault={wrong("mail") ?? (sending.code === "mail_taken" ? sending.fault : undefined)}
						onText={setMail}
					/>
				) : (
					// So that password keepers know which account this is.
					<input class="hidden-text" tabIndex={-1} aria-hidden="true" autocomplete="username" readOnly value={mail} />
				)}
				<PasswordField
					label={kind === "reset" ? "New password" : "Password"}
					autocomplete="new-password"
					autofocus={kind === "reset"}
					value={password}
					note={PASSWORD_NOTE}
					fault={placed ? undefined : sending.fault}
					onText={setPassword}
				/>
				<Submit sending={sending} class="entrance-wide">
					{{ setup: "Become the owner", invitation: "Join", reset: "Set password and sign in" }[kind]}
				</Submit>
			</Form>
		</Frame>
	)
}

import { useEffect, useState } from "preact/hooks"
import { ApiError } from "../api"
import { changeMe, loadMe, me } from "../me"
import { loadDocumentPage } from "../pages"
import { navigate } from "../router"
import { Button } from "../ui/Button"
import { Field, PasswordField } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { sentenceOf, useSubmit } from "../ui/form"
import { openLink } from "./api"
import { Frame } from "./Frame"
import { keepSecret, takeSecret } from "./kept"
import { SignIn } from "./SignIn"

/** Coming by a share link: its password if it has one, a guest's name once, then the document. */
export function Arrival({ secret: given }: { secret: string }) {
	// Who comes back from the sign-in provider has it no more in the address.
	const [secret] = useState(() => given || takeSecret())
	const [document, setDocument] = useState<string | null>(null)
	const [fault, setFault] = useState<unknown>(null)
	const [attempt, setAttempt] = useState(0)

	const enter = (id: string) => navigate({ page: "document", id }, true)
	const opened = async (id: string) => {
		// Who had a name here already is not asked again.
		const known = me.peek()
		await loadMe()
		const self = me.peek()
		if (self?.standing !== "guest" || known?.id === self.id) enter(id)
		else setDocument(id)
	}
	// Another attempt opens it again.
	useEffect(() => {
		setDocument(null)
		setFault(null)
		if (!secret) return
		void loadDocumentPage().catch(() => {})
		openLink(secret).then((answer) => opened(answer.document), setFault)
	}, [secret, attempt])

	if (!secret)
		return (
			<Frame
				title="Open the link again"
				lead="The link's secret part is kept out of the address, and so it is gone when this page is loaded anew."
			/>
		)
	if (document) return <GuestName onDone={() => enter(document)} />
	if (!fault) return null
	const { status, code } = fault instanceof ApiError ? fault : { status: 0, code: "" }
	if (code === "link_password") return <LinkPassword secret={secret} onOpen={opened} />
	if (status === 401) return <ForMembers secret={secret} onDone={() => setAttempt(attempt + 1)} />
	const gone = status >= 400 && status < 500 && status !== 429
	return (
		<Frame
			title={gone ? "This link does not work" : "Not reached"}
			lead={gone ? "It may have expired, been replaced, or not be complete." : sentenceOf(fault)}
		>
			{gone ? (
				<>
					<p class="entrance-lead">Ask whoever sent it to you for a new one.</p>
					<Button look="primary" class="entrance-wide" onClick={() => navigate({ page: "home" }, true)}>
						Go to the start page
					</Button>
				</>
			) : (
				<Button look="primary" class="entrance-wide" onClick={() => setAttempt(attempt + 1)}>
					Try again
				</Button>
			)}
		</Frame>
	)
}

/** Where guests are not let in: the link waits until its reader is signed in, also by going to the provider and back. */
function ForMembers({ secret, onDone }: { secret: string; onDone: () => void }) {
	useEffect(() => keepSecret(secret), [secret])
	const signedIn = () => {
		takeSecret()
		onDone()
	}
	return (
		<Frame title="Sign in to open this link" lead="Links to documents here are for members only.">
			<SignIn onDone={signedIn} />
		</Frame>
	)
}

function LinkPassword({ secret, onOpen }: { secret: string; onOpen: (document: string) => Promise<void> }) {
	const [password, setPassword] = useState("")
	const sending = useSubmit(async () => onOpen((await openLink(secret, password)).document))
	return (
		<Frame title="This link has a password" lead="Whoever sent you the link knows it.">
			<Form sending={sending}>
				<PasswordField
					label="Password of the link"
					autocomplete="off"
					autofocus
					value={password}
					fault={
						sending.code === "invalid_link" ? "The password is wrong, or the link has ended meanwhile." : sending.fault
					}
					onText={setPassword}
				/>
				<Submit sending={sending} class="entrance-wide">
					Open the document
				</Submit>
			</Form>
		</Frame>
	)
}

/** Asked of a guest once: others see the name at the caret. */
function GuestName({ onDone }: { onDone: () => void }) {
	const [name, setName] = useState("")
	const given = me.value?.name ?? ""
	const sending = useSubmit(async () => {
		if (name.trim()) await changeMe({ name: name.trim() })
		onDone()
	})
	return (
		<Frame title="What is your name?" lead="Others in the document see it beside yours. You need no account.">
			<Form sending={sending}>
				<Field
					label="Name"
					autocomplete="name"
					autofocus
					maxLength={80}
					value={name}
					placeholder={given}
					note={`Leave it empty to be “${given}”.`}
					fault={sending.fault}
					onText={setName}
				/>
				<Submit sending={sending} class="entrance-wide">
					Open the document
				</Submit>
			</Form>
		</Frame>
	)
}

import { useEffect, useState } from "preact/hooks"
import { loadMe } from "../me"
import { Button } from "../ui/Button"
import { Field, PasswordField } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { useSubmit } from "../ui/form"
import { getMethods, type Methods, oidcAddress, requestReset, signIn } from "./api"

/** Why a provider's sign-in came back without a login, by the code in the address. */
const PROBLEMS: Readonly<Record<string, string>> = {
	oidc_unavailable: "The sign-in provider does not answer. Try again in a moment.",
	oidc_refused: "Signing in by the provider did not work. Begin again here, in this browser.",
	identity_unknown: "No account here belongs to yours at the provider. Ask an administrator to invite you.",
	identity_taken:
		"An account here has your mail address. Sign in with its password, then link the two in your profile.",
	account_suspended: "This account is suspended. Ask an administrator to let you in again.",
}

/** Takes the problem out of the address: it is told once. */
function takeProblem(): string {
	const code = new URLSearchParams(location.search).get("problem")
	if (!code || location.pathname !== "/signin") return ""
	history.replaceState(null, "", location.pathname)
	return PROBLEMS[code] ?? "Signing in did not work. Try again."
}

/** The ways in; null until the server has said, or when it does not. */
function useMethods(): Methods | null {
	const [methods, setMethods] = useState<Methods | null>(null)
	useEffect(() => {
		getMethods().then(setMethods, () => setMethods({ password: true }))
	}, [])
	return methods
}

/** Signing in by password or by the team's own provider. `onDone` is called once the browser has its login. */
export function SignIn({ onDone, first }: { onDone: () => void; first?: boolean }) {
	const methods = useMethods()
	const [problem] = useState(takeProblem)
	const [forgotten, setForgotten] = useState(false)
	const [mail, setMail] = useState("")
	const [password, setPassword] = useState("")
	const sending = useSubmit(async () => {
		await signIn(mail, password)
		await loadMe()
		onDone()
	})
	if (!methods) return null
	const unowned = methods.setup && first && (
		<p class="entrance-lead">
			Nobody owns this server yet. When it started, it printed a link to set it up: open that link in this browser. It
			is in the terminal or in the log of the service.
		</p>
	)
	if (unowned && !methods.oidc) return unowned
	if (forgotten) return <Forgotten mail={mail} byMail={methods.mail === true} onBack={() => setForgotten(false)} />
	return (
		<>
			{unowned}
			{problem && (
				<p class="entrance-problem" role="alert">
					{problem}
				</p>
			)}
			{methods.oidc && (
				<>
					<a
						class="button button-primary entrance-wide"
						href={oidcAddress(location.pathname === "/signin" ? "/" : location.pathname)}
					>
						<span>Sign in with {methods.oidc.name}</span>
					</a>
					{methods.password && <p class="entrance-or">or</p>}
				</>
			)}
			{methods.password && (
				<Form sending={sending}>
					<Field
						label="Mail"
						type="email"
						name="mail"
						autocomplete="username"
						required
						autofocus={!methods.oidc}
						value={mail}
						onText={setMail}
					/>
					<PasswordField
						label="Password"
						name="password"
						autocomplete="current-password"
						value={password}
						fault={sending.fault}
						onText={setPassword}
					/>
					<Submit sending={sending} look={methods.oidc ? "quiet" : "primary"} class="entrance-wide">
						{sending.busy ? "Signing in" : "Sign in"}
					</Submit>
					<Button look="plain" class="entrance-aside" onClick={() => setForgotten(true)}>
						Forgot your password?
					</Button>
				</Form>
			)}
		</>
	)
}

/** The way to a new password: by mail where the server sends any, else by asking somebody. */
function Forgotten({ mail: known, byMail, onBack }: { mail: string; byMail: boolean; onBack: () => void }) {
	const [mail, setMail] = useState(known)
	const [asked, setAsked] = useState(false)
	const sending = useSubmit(async () => {
		await requestReset(mail)
		setAsked(true)
	})
	const back = (
		<Button look="plain" class="entrance-aside" autofocus={!byMail || asked} onClick={onBack}>
			Back to sign in
		</Button>
	)
	if (!byMail)
		return (
			<>
				<p class="entrance-lead">
					This server sends no mail. Ask somebody who administers it for a link to set a new password; it is one press
					beside your name in their list of people.
				</p>
				{back}
			</>
		)
	if (asked)
		return (
			<>
				<p class="entrance-lead" role="status">
					If there is an account for {mail}, a link is on its way. It works once, for an hour. Look into the spam folder
					too.
				</p>
				{back}
			</>
		)
	return (
		<Form sending={sending}>
			<p class="entrance-lead">We send a link to set a new password.</p>
			<Field
				label="Mail"
				type="email"
				autocomplete="username"
				required
				autofocus
				value={mail}
				fault={sending.fault}
				onText={setMail}
			/>
			<Submit sending={sending} class="entrance-wide">
				Send the link
			</Submit>
			{back}
		</Form>
	)
}

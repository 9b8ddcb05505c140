import { useEffect, useState } from "preact/hooks"
import type { Role } from "../people/access"
import { RoleChoice } from "../people/RoleChoice"
import { roleWord } from "../people/roles"
import { exactTime, relativeTime } from "../time"
import { Button } from "../ui/Button"
import { Choice, Field } from "../ui/Field"
import { Form, Submit } from "../ui/Form"
import { sentenceOf, useSubmit } from "../ui/form"
import { Secret } from "../ui/Secret"
import { Section } from "../ui/Sheet"
import { toast } from "../ui/Toast"
import { createToken, getTokens, revokeToken, type Token } from "./api"

const DAY = 24 * 60 * 60_000 // ms
const LIVES = [
	["30", "30 days"],
	["90", "90 days"],
	["365", "A year"],
	["", "No end"],
] as const

/** When a token ends, in words. */
function endOf(token: Token): string {
	if (!token.expiresAt) return "no end"
	const days = Math.ceil((Date.parse(token.expiresAt) - Date.now()) / DAY)
	if (days <= 0) return "expired"
	return days === 1 ? "ends within a day" : `ends in ${days} days`
}

/** Tokens by which programs act as oneself. */
export function Tokens() {
	const [tokens, setTokens] = useState<readonly Token[] | null>(null)
	const [fault, setFault] = useState("")
	const [making, setMaking] = useState(false)
	const [made, setMade] = useState<{ readonly name: string; readonly token: string } | null>(null)
	const fetchThem = () => getTokens().then(setTokens, (error) => setFault(sentenceOf(error)))
	useEffect(() => void fetchThem(), [])

	const revoke = async (token: Token) => {
		try {
			await revokeToken(token.id)
			setTokens((before) => before?.filter((other) => other.id !== token.id) ?? null)
			toast(`“${token.name}” is revoked; programs that use it are cut off`)
		} catch (error) {
			toast(sentenceOf(error))
		}
	}

	return (
		<Section
			title="API tokens"
			lead={
				<>
					A program that has one acts as you, up to the role you choose. What there is to call is described at{" "}
					<a class="link" href="/api/docs">
						/api/docs
					</a>
					.
				</>
			}
		>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{made && (
				<div class="token-made" role="status">
					<p>
						<strong>{made.name}</strong> is made. Copy it now: it is not shown again.
					</p>
					<Secret label={`Token ${made.name}`} value={made.token} autofocus />
				</div>
			)}
			{tokens && tokens.length > 0 && (
				<ul class="items" aria-label="API tokens">
					{tokens.map((token) => (
						<li key={token.id} class="item">
							<div class="item-text">
								<div class="item-name">{token.name}</div>
								<div class="item-note">
									{roleWord(token.role)}
									{token.document && " of one document"}
									{", "}
									<span title={token.expiresAt && exactTime(token.expiresAt)}>{endOf(token)}</span>
									{token.usedAt ? `, used ${relativeTime(token.usedAt)}` : ", never used"}
								</div>
							</div>
							<Button aria-label={`Revoke ${token.name}`} onClick={() => void revoke(token)}>
								Revoke
							</Button>
						</li>
					))}
				</ul>
			)}
			{making ? (
				<NewToken
					onDone={(token) => {
						setMaking(false)
						if (token) {
							setMade(token)
							void fetchThem()
						}
					}}
				/>
			) : (
				<Button onClick={() => setMaking(true)}>New token</Button>
			)}
		</Section>
	)
}

function NewToken({ onDone }: { onDone: (made?: { name: string; token: string }) => void }) {
	const [name, setName] = useState("")
	const [role, setRole] = useState<Role>("editor")
	const [days, setDays] = useState("90")
	const sending = useSubmit(async () => {
		const { token } = await createToken({
			name: name.trim(),
			role,
			...(days ? { expiresAt: new Date(Date.now() + Number(days) * DAY).toISOString() } : {}),
		})
		onDone({ name: name.trim(), token })
	})
	return (
		<Form class="token-form" sending={sending}>
			<Field
				label="What is it for?"
				required
				autofocus
				maxLength={80}
				placeholder="Nightly export"
				value={name}
				fault={sending.fault}
				onText={setName}
			/>
			<div class="token-choices">
				<RoleChoice label="Highest role" value={role} onChange={setRole} />
				<Choice label="Ends" value={days} options={LIVES} onChange={setDays} />
			</div>
			<div class="actions">
				<Submit sending={sending}>Make token</Submit>
				<Button onClick={() => onDone()}>Cancel</Button>
			</div>
		</Form>
	)
}

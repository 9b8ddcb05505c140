import { useEffect, useState } from "preact/hooks"
import { getMethods } from "../entrance/api"
import { Button } from "../ui/Button"
import { sentenceOf } from "../ui/form"
import { Section } from "../ui/Sheet"
import { toast } from "../ui/Toast"
import { getIdentities, type Identity, unlinkIdentity } from "./api"
import { voucherName } from "./voucher"

/** The accounts elsewhere that sign in to one's own: those that are linked, and linking another. */
export function SingleSignOn({ onChanged }: { onChanged: () => void }) {
	const [provider, setProvider] = useState("")
	const [identities, setIdentities] = useState<readonly Identity[]>([])
	const [fault, setFault] = useState("")
	const fetchThem = () => getIdentities().then(setIdentities, (error) => setFault(sentenceOf(error)))
	useEffect(() => {
		void fetchThem()
		getMethods().then(
			(methods) => setProvider(methods.oidc?.name ?? ""),
			() => {
				// Not reachable now: the rest of the page says so.
			},
		)
	}, [])

	const unlink = async (identity: Identity) => {
		try {
			await unlinkIdentity(identity.id)
			toast("It is unlinked. Other browsers that came in by it are signed out.")
			onChanged()
		} catch (error) {
			toast(sentenceOf(error))
		}
		await fetchThem()
	}
	if (!provider && identities.length === 0 && !fault) return null
	return (
		<Section
			title="Single sign-on"
			lead={
				provider
					? `Your account at ${provider} can sign in to this one.`
					: "These accounts elsewhere sign in to this one."
			}
		>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{identities.length > 0 && (
				<ul class="items" aria-label="Accounts that sign in to this one">
					{identities.map((identity) => (
						<li key={identity.id} class="item">
							<div class="item-text">
								<div class="item-name">{voucherName(identity.issuer)}</div>
								<div class="item-note">
									<bdi>{identity.subject}</bdi>
									{!identity.usable && ", of no use now: this server does not ask there any more"}
								</div>
							</div>
							<Button aria-label={`Unlink ${identity.subject}`} onClick={() => void unlink(identity)}>
								Unlink
							</Button>
						</li>
					))}
				</ul>
			)}
			{provider && (
				<a class="button button-quiet" href="/api/signin/oidc?back=/profile&link=1">
					<span>{identities.length > 0 ? `Link another account at ${provider}` : `Link to ${provider}`}</span>
				</a>
			)}
		</Section>
	)
}

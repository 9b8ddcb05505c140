import { useEffect, useState } from "preact/hooks"
import { getMethods } from "../entrance/api"
import { Section } from "../ui/Sheet"

/** Linking one's account to the team's sign-in provider, where there is one. */
export function SingleSignOn() {
	const [name, setName] = useState("")
	useEffect(() => {
		getMethods().then(
			(methods) => setName(methods.oidc?.name ?? ""),
			() => {
				// Not reachable now: the rest of the page says so.
			},
		)
	}, [])
	if (!name) return null
	return (
		<Section title="Single sign-on" lead={`Link this account to yours at ${name} and sign in by it.`}>
			<a class="button button-quiet" href="/api/signin/oidc?back=/profile&link=1">
				<span>Link to {name}</span>
			</a>
		</Section>
	)
}

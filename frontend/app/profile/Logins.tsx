import { useEffect, useState } from "preact/hooks"
import { signOut } from "../api"
import { exactTime, relativeTime } from "../time"
import { Button } from "../ui/Button"
import { sentenceOf } from "../ui/form"
import { Section } from "../ui/Sheet"
import { toast } from "../ui/Toast"
import { browserOf } from "./agent"
import { endLogin, endOtherLogins, getLogins, type Login } from "./api"

/** Where one is signed in, and ending it. `round` changes when something else has ended some. */
export function Logins({ round }: { round: number }) {
	const [logins, setLogins] = useState<readonly Login[] | null>(null)
	const [fault, setFault] = useState("")
	const fetchThem = () =>
		getLogins().then(
			(found) => {
				setLogins(found)
				setFault("")
			},
			(error) => setFault(sentenceOf(error)),
		)
	// Another round asks again.
	useEffect(() => void fetchThem(), [round])

	const end = async (run: () => Promise<unknown>, done: string) => {
		try {
			await run()
			toast(done)
		} catch (error) {
			toast(sentenceOf(error))
		}
		await fetchThem()
	}
	const others = logins?.some((login) => !login.current) ?? false
	return (
		<Section
			title="Signed in"
			lead="A browser that you end here is out at once, also in documents that are open in it."
		>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			<ul class="items" aria-label="Browsers you are signed in with">
				{logins?.map((login) => (
					<li key={login.id} class="item">
						<div class="item-text">
							<div class="item-name">
								{browserOf(login.agent)}
								{login.current && <span class="badge">This browser</span>}
							</div>
							<div class="item-note">
								<span title={exactTime(login.seenAt)}>Used {relativeTime(login.seenAt)}</span>
								{login.address && `, from ${login.address}`}
								<span title={exactTime(login.createdAt)}>, signed in {relativeTime(login.createdAt)}</span>
							</div>
						</div>
						<Button
							aria-label={`Sign out ${login.current ? "this browser" : browserOf(login.agent)}`}
							onClick={() =>
								login.current
									? void signOut().then(
											() => location.assign("/"),
											(error) => toast(sentenceOf(error)),
										)
									: void end(() => endLogin(login.id), "That browser is signed out")
							}
						>
							Sign out
						</Button>
					</li>
				))}
			</ul>
			{others && (
				<Button look="danger" onClick={() => void end(endOtherLogins, "All other browsers are signed out")}>
					Sign out everywhere else
				</Button>
			)}
		</Section>
	)
}

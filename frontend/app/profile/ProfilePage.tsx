import { useState } from "preact/hooks"
import { me } from "../me"
import { Sheet } from "../ui/Sheet"
import { Logins } from "./Logins"
import { Password } from "./Password"
import { SingleSignOn } from "./SingleSignOn"
import { Tokens } from "./Tokens"
import { You } from "./You"
import "./profile.css"

/** One's own account. */
export function ProfilePage() {
	const [round, setRound] = useState(0)
	return (
		<Sheet title="Your profile">
			<You />
			{me.value?.password !== false && <Password onChanged={() => setRound(round + 1)} />}
			<SingleSignOn onChanged={() => setRound(round + 1)} />
			<Logins round={round} />
			<Tokens />
		</Sheet>
	)
}

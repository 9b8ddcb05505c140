import { isOpen, me, signedOut } from "../me"
import { navigate, type Route } from "../router"
import { Arrival } from "./Arrival"
import { Frame } from "./Frame"
import { SignIn } from "./SignIn"
import { TicketPage } from "./TicketPage"
import "./entrance.css"

export { Frame } from "./Frame"
export { SignIn } from "./SignIn"

/** What a browser sees that may not see the documents: the ways in. */
export function Entrance({ place }: { place: Route }) {
	switch (place.page) {
		case "setup":
			return <TicketPage key={place.secret} kind="setup" secret={place.secret} />
		case "invite":
			return <TicketPage key={place.secret} kind="invitation" secret={place.secret} />
		case "reset":
			return <TicketPage key={place.secret} kind="reset" secret={place.secret} />
		case "s":
			return <Arrival key={place.secret} secret={place.secret} />
	}
	const guest = !signedOut.value && me.value?.standing === "guest" && !isOpen()
	// The address one wanted stays; only the page for signing in itself leads home.
	const done = () => place.page === "signin" && navigate({ page: "home" }, true)
	return (
		<Frame
			title="Sign in"
			lead={
				guest &&
				`You are here as the guest ${me.value?.name}. Documents open by the links you were given; members see all of theirs.`
			}
		>
			<SignIn first onDone={done} />
		</Frame>
	)
}

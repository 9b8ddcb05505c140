import { useEffect } from "preact/hooks"
import { titleOf } from "../home/list"
import { roleWord } from "../people/roles"
import { exactTime, relativeTime } from "../time"
import { Avatar } from "../ui/Avatar"
import { type LiveConnection, listConnections } from "./api"
import { useFetched } from "./load"
import { Table } from "./Table"

const LOOK_AGAIN = 5_000 // ms, while the page is looked at

const KINDS: Readonly<Record<string, string>> = {
	websocket: "WebSocket",
	longpoll: "Long-poll",
	stream: "Change stream",
}

const IDENTITIES: Readonly<Record<string, string>> = { guest: "Guest", token: "API token", embed: "Embedded" }

/** Who is connected at this moment, and where. */
export function Connections() {
	const { value, fault, again } = useFetched(listConnections, "")
	useEffect(() => {
		const clock = setInterval(() => document.visibilityState === "visible" && void again(), LOOK_AGAIN)
		return () => clearInterval(clock)
	}, [again])
	return (
		<>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{value?.length === 0 && <p class="empty-note">Nobody is in a document at this moment.</p>}
			{value && value.length > 0 && (
				<Table<LiveConnection>
					label="Live connections"
					rows={value}
					keyOf={(row) => `${row.user.id} ${row.document.id} ${row.since}`}
					columns={[
						{
							name: "Who",
							main: true,
							show: ({ user, identity }) => (
								<span class="admin-person">
									<Avatar person={user} size={28} />
									<span>
										<bdi>{user.name}</bdi>
										{IDENTITIES[identity] && <span class="badge">{IDENTITIES[identity]}</span>}
									</span>
								</span>
							),
						},
						{ name: "Document", show: (row) => <bdi>{titleOf(row.document)}</bdi> },
						{ name: "May", tight: true, show: (row) => roleWord(row.role) },
						{ name: "By", tight: true, show: (row) => KINDS[row.kind] ?? row.kind },
						{
							name: "Since",
							tight: true,
							show: ({ since }) => <span title={exactTime(since)}>{relativeTime(since)}</span>,
						},
					]}
				/>
			)}
		</>
	)
}

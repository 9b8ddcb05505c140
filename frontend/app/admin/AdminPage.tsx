import type { ComponentChildren } from "preact"
import { isAdministrator } from "../me"
import { follow, navigate } from "../router"
import { relativeTime } from "../time"
import { Button } from "../ui/Button"
import { Sheet } from "../ui/Sheet"
import { Audit } from "./Audit"
import { getOverview } from "./api"
import { Connections } from "./Connections"
import { Documents } from "./Documents"
import { Groups } from "./Groups"
import { Invitations } from "./Invitations"
import { useFetched } from "./load"
import { People } from "./People"
import { Settings } from "./Settings"
import "./admin.css"

const VIEWS: readonly (readonly [string, string, () => ComponentChildren])[] = [
	["people", "People", () => <People />],
	["invitations", "Invitations", () => <Invitations />],
	["groups", "Groups", () => <Groups />],
	["documents", "Documents", () => <Documents />],
	["connections", "Connections", () => <Connections />],
	["audit", "Audit log", () => <Audit />],
	["settings", "Settings", () => <Settings />],
]

/** The server's people, documents and settings, for its administrators and owners. */
export function AdminPage({ view = "people" }: { view?: string | undefined }) {
	if (!isAdministrator())
		return (
			<main class="notice">
				<h1>For administrators</h1>
				<p>This page is for those who look after the server. Ask one of its owners to make you an administrator.</p>
				<Button look="primary" onClick={() => navigate({ page: "home" }, true)}>
					All documents
				</Button>
			</main>
		)
	const shown = VIEWS.find(([name]) => name === view) ?? VIEWS[0]
	return (
		<Sheet title="Administration" wide>
			<Figures />
			<nav class="tabs" aria-label="Parts of the administration">
				{VIEWS.map(([name, words]) => (
					<a
						key={name}
						class="tab"
						href={`/admin?view=${name}`}
						aria-current={name === shown?.[0] ? "page" : undefined}
						onClick={(event) => follow(event, { page: "admin", view: name })}
					>
						{words}
					</a>
				))}
			</nav>
			<section class="admin-view" aria-label={shown?.[1]} key={shown?.[0]}>
				{shown?.[2]()}
			</section>
		</Sheet>
	)
}

/** The server in one line. */
function Figures() {
	const { value } = useFetched(getOverview, "")
	if (!value) return <p class="figures"> </p>
	const { people, live, connections, version, startedAt, storage } = value
	const parts = [
		`${people} ${people === 1 ? "person" : "people"}`,
		`${connections} connected now, in ${live} ${live === 1 ? "document" : "documents"}`,
		`version ${version}`,
		`started ${relativeTime(startedAt)}`,
	]
	return (
		<p class="figures">
			{parts.join(" · ")}
			{storage !== "ready" && <strong class="figures-bad"> · Storage: {storage}</strong>}
		</p>
	)
}

import { Copy, Ellipsis, PencilLine, Trash2 } from "lucide-preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import type { DocumentRecord } from "../api"
import { isOpen } from "../me"
import { prefetchDocumentPage } from "../pages"
import { follow, routePath } from "../router"
import { exactTime, relativeTime } from "../time"
import { AvatarRow } from "../ui/Avatar"
import { composing } from "../ui/composing"
import { Menu } from "../ui/Menu"
import { toast } from "../ui/Toast"
import { rename, trash } from "./library"
import { givenTitle, titleOf } from "./list"

/** One document of the list: a link with its title, who changed it and when, who is in it, and what can be done. */
export function DocumentRow({ row, now }: { row: DocumentRecord; now: number }) {
	const [renaming, setRenaming] = useState(false)
	const link = useRef<HTMLAnchorElement>(null)
	const route = { page: "document", id: row.id } as const
	const writer = row.role === "editor" || row.role === "owner"

	const endRename = (title: string | null) => {
		setRenaming(false)
		if (title !== null && title !== givenTitle(row)) void rename(row, title)
		requestAnimationFrame(() => link.current?.focus())
	}

	// The row goes, and the focus with it: to the one that takes its place.
	const throwAway = () => {
		const own = link.current?.closest("li")
		const beside = own?.nextElementSibling ?? own?.previousElementSibling
		beside?.querySelector("a")?.focus()
		void trash(row)
	}

	const copyLink = async () => {
		try {
			await navigator.clipboard.writeText(location.origin + routePath(route))
			toast("Link copied")
		} catch {
			toast("The browser did not allow copying. Open the document and copy its address.")
		}
	}

	return (
		<li class="row">
			{renaming ? (
				<TitleField title={givenTitle(row)} onEnd={endRename} />
			) : (
				<a
					ref={link}
					class="row-link"
					href={routePath(route)}
					onClick={(event) => follow(event, route)}
					onPointerEnter={prefetchDocumentPage}
					onFocus={prefetchDocumentPage}
					onKeyDown={(event) => {
						if (event.key === "F2" && writer) setRenaming(true)
						if (event.key === "Delete" && writer) throwAway()
					}}
				>
					<span class={givenTitle(row) ? "row-title" : "row-title row-untitled"}>
						<bdi>{titleOf(row)}</bdi>
					</span>
					<span class="row-change">
						<bdi>{row.updatedBy.name}</bdi>
						<span aria-hidden="true"> · </span>
						<time dateTime={row.updatedAt} title={exactTime(row.updatedAt)}>
							{relativeTime(row.updatedAt, now)}
						</time>
						{row.role !== "owner" && !isOpen() && " · shared with you"}
					</span>
				</a>
			)}
			<AvatarRow people={row.people ?? []} here={row.here} />
			<Menu
				label={`Actions for ${titleOf(row)}`}
				align="end"
				class="icon-button row-menu"
				items={[
					...(writer
						? [{ label: "Rename", icon: <PencilLine size={16} />, keys: "F2", onSelect: () => setRenaming(true) }]
						: []),
					{ label: "Copy link", icon: <Copy size={16} />, onSelect: () => void copyLink() },
					...(writer
						? [
								{
									label: "Move to trash",
									icon: <Trash2 size={16} />,
									keys: "Del",
									danger: true,
									separated: true,
									onSelect: throwAway,
								},
							]
						: []),
				]}
			>
				<Ellipsis size={18} />
			</Menu>
		</li>
	)
}

/** The title as a field: Enter keeps, Escape leaves it as it was, leaving the field keeps. */
function TitleField({ title, onEnd }: { title: string; onEnd: (title: string | null) => void }) {
	const field = useRef<HTMLInputElement>(null)
	const ended = useRef(false)
	// Before the next key press, not after the next paint.
	useLayoutEffect(() => {
		field.current?.focus()
		field.current?.select()
	}, [])
	const end = (value: string | null) => {
		if (ended.current) return
		ended.current = true
		onEnd(value)
	}
	return (
		<input
			ref={field}
			class="row-field"
			aria-label="Title"
			dir="auto"
			maxLength={200}
			defaultValue={title}
			placeholder="Untitled"
			onBlur={(event) => end(event.currentTarget.value.trim())}
			onKeyDown={(event) => {
				if (composing(event)) return
				if (event.key === "Enter") end(event.currentTarget.value.trim())
				if (event.key === "Escape") end(null)
			}}
		/>
	)
}

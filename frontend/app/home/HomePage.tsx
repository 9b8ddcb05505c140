import { ArrowLeft, Plus, Search, Trash2 } from "lucide-preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { announce } from "../announce"
import { letters } from "../letters"
import { PersonMenu } from "../PersonMenu"
import { loadEmptyState, loadTrash, prefetchDocumentPage } from "../pages"
import { follow, navigate } from "../router"
import { Button } from "../ui/Button"
import { composing } from "../ui/composing"
import { Lazy } from "../ui/Lazy"
import { Logo } from "../ui/Logo"
import { takeOffer } from "../ui/Toast"
import { DocumentRow } from "./DocumentRow"
import { createAndOpen, fetchMore, followEvents, known, live, loading, searchServer } from "./library"
import { matching } from "./list"
import "./home.css"

const SKELETON_AFTER = 200 // ms; a quicker answer needs no placeholder
const STALE_AFTER = 3_000 // ms without live events before one is told
const MINUTE = 60_000 // ms; how often "3 min ago" is said anew

/** Whether a key press belongs to what is being typed in. */
function typing(target: EventTarget | null): boolean {
	return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** All documents by last change, or the trash. */
export function HomePage({ trash }: { trash: boolean }) {
	const [query, setQuery] = useState("")
	const [now, setNow] = useState(Date.now())
	const search = useRef<HTMLInputElement>(null)
	const list = useRef<HTMLUListElement>(null)
	const rows = matching(known.value.documents, query)
	const state = loading.value
	const stale = useLasting(!live.value, STALE_AFTER)
	const nothingYet = state === "done" && known.value.documents.length === 0

	useEffect(() => {
		document.title = trash ? "Trash - Coscribe" : "Coscribe"
	}, [trash])

	useEffect(() => {
		const stop = followEvents()
		const clock = setInterval(() => setNow(Date.now()), MINUTE)
		const idle = setTimeout(prefetchDocumentPage, 1_500) // ms; after the list is on the screen
		return () => {
			stop()
			clearInterval(clock)
			clearTimeout(idle)
		}
	}, [])

	useEffect(() => {
		if (!query.trim()) return
		const cancel = new AbortController()
		const wait = setTimeout(() => void searchServer(query.trim(), cancel.signal), 150) // ms between key presses
		return () => {
			clearTimeout(wait)
			cancel.abort()
		}
	}, [query])

	useEffect(() => {
		if (!query.trim()) return
		const wait = setTimeout(() => announce(rows.length === 1 ? "1 document" : `${rows.length} documents`), 600)
		return () => clearTimeout(wait)
	}, [query, rows.length])

	useEffect(() => {
		const key = (event: KeyboardEvent) => {
			if (event.defaultPrevented || event.altKey || typing(event.target)) return
			if (document.querySelector("dialog[open], [popover]:popover-open")) return
			if (event.ctrlKey || event.metaKey) {
				if (event.key !== "z" || !takeOffer()) return
			} else if (event.key === "n" && letters()) void createAndOpen()
			else if (event.key === "/" && letters()) search.current?.focus()
			else if (event.key === "ArrowDown" && document.activeElement === document.body) moveFocus(1)
			else return
			event.preventDefault()
		}
		addEventListener("keydown", key)
		return () => removeEventListener("keydown", key)
	})

	/** Moves the focus along search field and rows. */
	const moveFocus = (step: 1 | -1) => {
		const links = Array.from(list.current?.querySelectorAll<HTMLElement>("a.row-link") ?? [])
		const at = links.indexOf(document.activeElement as HTMLElement)
		const next = at + step
		if (next < 0) search.current?.focus()
		else links[Math.min(next, links.length - 1)]?.focus()
	}

	const arrows = (event: KeyboardEvent) => {
		if (event.defaultPrevented || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return
		if (!(event.target as HTMLElement).matches("a.row-link, input[type=search]")) return
		event.preventDefault()
		moveFocus(event.key === "ArrowDown" ? 1 : -1)
	}

	const openFirst = (event: KeyboardEvent) => {
		if (composing(event)) return
		const first = rows[0]
		if (event.key === "Enter" && first && query.trim()) navigate({ page: "document", id: first.id })
		if (event.key === "Escape") setQuery("")
	}

	return (
		<div class="home">
			<a class="skip-link" href="#documents">
				Skip to the documents
			</a>
			<header class="home-head">
				<a class="brand" href="/" onClick={(event) => follow(event, { page: "home" })}>
					<Logo />
					<span>Coscribe</span>
				</a>
				<PersonMenu
					extra={{
						label: "Trash",
						icon: <Trash2 size={16} />,
						separated: true,
						onSelect: () => navigate({ page: "trash" }),
					}}
				/>
			</header>
			<main id="documents" tabIndex={-1}>
				{trash ? (
					<>
						<div class="home-bar">
							<a
								class="icon-button"
								href="/"
								aria-label="Back to documents"
								onClick={(event) => follow(event, { page: "home" })}
							>
								<ArrowLeft size={18} />
							</a>
							<h1 class="home-title">Trash</h1>
						</div>
						<Lazy load={loadTrash} failed={unreached}>
							{({ Trash }) => <Trash />}
						</Lazy>
					</>
				) : nothingYet ? (
					<Lazy load={loadEmptyState} failed={unreached}>
						{({ EmptyState }) => <EmptyState />}
					</Lazy>
				) : (
					<>
						<h1 class="hidden-text">Documents</h1>
						<div class="home-bar">
							{/* Arrows bubble up from the field inside. */}
							<label class="search" onKeyDown={arrows}>
								<Search size={16} aria-hidden="true" />
								<input
									ref={search}
									type="search"
									aria-label="Search by title"
									placeholder="Search"
									autocomplete="off"
									spellcheck={false}
									value={query}
									onInput={(event) => setQuery(event.currentTarget.value)}
									onKeyDown={openFirst}
								/>
								<kbd class="key-hint">/</kbd>
							</label>
							<Button
								look="primary"
								icon={<Plus size={18} />}
								aria-keyshortcuts="n"
								title="New document (n)"
								onClick={() => void createAndOpen()}
							>
								New<span class="new-what"> document</span>
							</Button>
						</div>
						{typeof state === "object" && <p class="list-note">{state.sentence}</p>}
						{stale && typeof state !== "object" && (
							<p class="list-stale" role="status">
								{state === "done"
									? "Offline - the list may be out of date."
									: "The server does not answer yet. The list appears when it does."}
							</p>
						)}
						{state === "first" && <Skeleton />}
						{state === "done" && rows.length === 0 && (
							<p class="list-note">
								No title contains “<bdi>{query.trim()}</bdi>”. <Button onClick={() => setQuery("")}>Show all</Button>
							</p>
						)}
						{/* Arrows bubble up from the links inside. */}
						<ul ref={list} class="rows" aria-label="Documents by last change" onKeyDown={arrows}>
							{rows.map((row) => (
								<DocumentRow key={row.id} row={row} now={now} />
							))}
						</ul>
						{known.value.next !== null && !query.trim() && <MoreRows />}
					</>
				)}
			</main>
		</div>
	)
}

/** In place of a part that did not load. */
function unreached(again: () => void) {
	return (
		<p class="list-note">
			The server cannot be reached. <Button onClick={again}>Try again</Button>
		</p>
	)
}

/** Whether something has been so for a while; false at once when it ends. */
function useLasting(is: boolean, ms: number): boolean {
	const [lasted, setLasted] = useState(false)
	useEffect(() => {
		setLasted(false)
		if (!is) return
		const wait = setTimeout(() => setLasted(true), ms)
		return () => clearTimeout(wait)
	}, [is, ms])
	return lasted
}

/** Fetches the next page when the end of the list comes near, or on demand. */
function MoreRows() {
	const element = useRef<HTMLDivElement>(null)
	const count = known.value.documents.length
	// A list that became shorter leaves the end in view: then nothing comes into it, and it has to be looked at again.
	useEffect(() => {
		if (!element.current) return
		const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && void fetchMore(), {
			rootMargin: "600px",
		})
		seen.observe(element.current)
		return () => seen.disconnect()
	}, [count])
	return (
		<div ref={element} class="rows-more">
			<Button onClick={() => void fetchMore()}>Show more</Button>
		</div>
	)
}

/** Grey lines in place of a list that takes its time. */
function Skeleton() {
	if (!useLasting(true, SKELETON_AFTER)) return null
	return (
		<div class="skeleton" aria-hidden="true">
			<div />
			<div />
			<div />
		</div>
	)
}

/** One document. */
export function DocumentPage({ id }: { id: string }) {
	return <main class="notice">{id}</main>
}

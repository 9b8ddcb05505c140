/** The editor and all that comes with it live in their own chunk; asking twice fetches once. */
export const loadDocumentPage = () => import("./document/DocumentPage")

/** What a browser sees that is not signed in, and the links that let people in. */
export const loadEntrance = () => import("./entrance/entrance")

/** One's own name and colour, in a dialog over what one is doing. */
export const loadProfileDialog = () => import("./profile/ProfileDialog")

/** Who may do what with a document. */
export const loadShareDialog = () => import("./document/ShareDialog")

/** One's own account. */
export const loadProfilePage = () => import("./profile/ProfilePage")

/** The server's people, documents and settings, for those who look after it. */
export const loadAdminPage = () => import("./admin/AdminPage")

/** What is shown of the list while there is nothing in it. */
export const loadEmptyState = () => import("./home/EmptyState")

/** What was thrown away. */
export const loadTrash = () => import("./home/Trash")

/** Fetches the document's chunk before it is needed: when the browser is idle, or when a link is under the pointer. */
export function prefetchDocumentPage(): void {
	void loadDocumentPage().catch(() => {
		// Not reachable now: opening the document asks again and says so.
	})
}

/** The editor and all that comes with it live in their own chunk; asking twice fetches once. */
export const loadDocumentPage = () => import("./document/DocumentPage")

/** Fetches that chunk before it is needed: when the browser is idle, or when a link is under the pointer. */
export function prefetchDocumentPage(): void {
	void loadDocumentPage().catch(() => {
		// Not reachable now: opening the document asks again and says so.
	})
}

/** The product's mark: a letter and another person's caret beside it. */
export function Logo({ size = 26 }: { size?: number }) {
	return (
		<svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true">
			<rect class="logo-ground" width="64" height="64" rx="15" />
			<path class="logo-letter" d="M38.5 24.2a13 13 0 1 0 0 15.6" />
			<path class="logo-caret" d="M49 18v28" />
		</svg>
	)
}

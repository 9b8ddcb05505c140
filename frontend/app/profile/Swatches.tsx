import { PERSON_COLORS } from "./colors"
import "./swatches.css"

/** The colours one may have, one's own first if it is none of them. */
export function Swatches({
	color,
	before,
	onChoose,
}: {
	color: string
	before: string
	onChoose: (color: string) => void
}) {
	const offered: readonly { name: string; color: string }[] = PERSON_COLORS.some((each) => each.color === before)
		? PERSON_COLORS
		: [{ name: "Yours now", color: before }, ...PERSON_COLORS]
	return (
		<fieldset class="swatches">
			<legend class="field-label">Colour</legend>
			{offered.map((each) => (
				<label key={each.color} class="swatch">
					<input
						type="radio"
						name="color"
						aria-label={each.name}
						checked={each.color === color}
						onChange={() => onChoose(each.color)}
					/>
					<span style={{ background: each.color }} />
				</label>
			))}
		</fieldset>
	)
}

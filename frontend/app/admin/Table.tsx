// biome-ignore-all lint/a11y/noRedundantRoles: a table that is displayed as blocks, as on a phone, loses its roles in browsers
import type { ComponentChildren } from "preact"

/** A column: its heading and what a row shows in it. */
export interface Column<Row> {
	readonly name: string
	readonly show: (row: Row) => ComponentChildren
	/** The row's own name; the heading of its card on a phone. */
	readonly main?: boolean
	/** Buttons: the heading is for screen readers only. */
	readonly actions?: boolean
	/** Figures, set to the end of the line. */
	readonly figures?: boolean
	/** A few words that stay on one line. */
	readonly tight?: boolean
}

/** Rows of facts: a table where there is room, a card for each row on a phone. */
export function Table<Row>({
	label,
	columns,
	rows,
	keyOf,
}: {
	label: string
	columns: readonly Column<Row>[]
	rows: readonly Row[]
	keyOf: (row: Row) => string
}) {
	return (
		<table class="table" role="table" aria-label={label}>
			<thead role="rowgroup">
				<tr role="row">
					{columns.map((column) => (
						<th key={column.name} role="columnheader" scope="col" class={column.figures ? "table-figures" : ""}>
							{column.actions ? <span class="hidden-text">{column.name}</span> : column.name}
						</th>
					))}
				</tr>
			</thead>
			<tbody role="rowgroup">
				{rows.map((row) => (
					<tr key={keyOf(row)} role="row">
						{columns.map((column) => {
							const shown = column.show(row)
							if (column.main)
								return (
									<th key={column.name} role="rowheader" scope="row">
										{shown}
									</th>
								)
							return (
								<td
									key={column.name}
									role="cell"
									class={
										column.figures
											? "table-figures"
											: column.actions
												? "table-actions"
												: column.tight
													? "table-tight"
													: ""
									}
								>
									{!column.actions && (
										<span class="table-label" aria-hidden="true">
											{column.name}
										</span>
									)}
									<span class="table-value">{shown}</span>
								</td>
							)
						})}
					</tr>
				))}
			</tbody>
		</table>
	)
}

import { listSettings, type Setting } from "./api"
import { useFetched } from "./load"
import { Table } from "./Table"

const SOURCES: Readonly<Record<string, string>> = {
	default: "As shipped",
	flag: "Command line",
	environment: "Environment",
	file: "File",
}

/** The settings in force and where each came from. They are changed where the server is started. */
export function Settings() {
	const { value, fault } = useFetched(listSettings, "")
	return (
		<>
			<p class="section-lead">In force since the server started; they are changed where it is started.</p>
			{fault && (
				<p class="fault" role="alert">
					{fault}
				</p>
			)}
			{value && (
				<Table<Setting>
					label="Settings"
					rows={value}
					keyOf={(setting) => setting.name}
					columns={[
						{
							name: "Name",
							main: true,
							show: (setting) => (
								<>
									<code class="admin-action">{setting.name}</code>
									{setting.help && <span class="admin-help">{setting.help}</span>}
								</>
							),
						},
						{ name: "Value", show: (setting) => <code class="admin-value">{setting.value || "-"}</code> },
						{
							name: "From",
							tight: true,
							show: (setting) => (
								<span class={setting.source === "default" ? "item-note" : ""}>
									{SOURCES[setting.source] ?? setting.source}
								</span>
							),
						},
					]}
				/>
			)}
		</>
	)
}

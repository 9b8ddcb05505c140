import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { decodeFrame, encodeMessage, ProtocolError } from "./protocol.js"

interface Golden {
	name: string
	frame: string
	messages: string[]
}
const golden: { client: Golden[]; server: Golden[] } = JSON.parse(
	readFileSync(new URL("../../collab/protocol/testdata/frames.json", import.meta.url), "utf8"),
)

describe("protocol", () => {
	it.each(golden.server)("[P1] decodes the golden frame: $name", ({ frame, messages }) => {
		const decoded = decodeFrame(frame)
		expect(decoded.map((message) => message.type)).toEqual(messages.map((message) => JSON.parse(message).type))
		for (const [i, message] of decoded.entries())
			expect(message).toMatchObject(withoutTime(JSON.parse(messages[i] as string)))
	})

	it.each(golden.client)("encodes like the server's codec: $name", ({ messages }) => {
		for (const message of messages) expect(encodeMessage(JSON.parse(message))).toBe(message)
	})

	it.each([
		"",
		"{",
		"7",
		"{}",
		'{"type":1}',
		'{"type":"ack","seq":-1,"revision":1,"at":"x"}',
		'{"type":"ack","seq":1.5,"revision":1,"at":"x"}',
		'{"type":"change","revision":1,"author":{"id":"","name":"","color":""},"at":"","delta":[{"insert":1}]}',
		'[{"type":"pong","revision":1},null]',
	])("a malformed frame is a ProtocolError: %s", (frame) => {
		expect(() => decodeFrame(frame)).toThrow(ProtocolError)
	})

	it("[P1] unknown fields and unknown messages are ignored", () => {
		expect(decodeFrame('[{"type":"toString"},{"type":"pong","revision":3,"more":[]}]')).toEqual([
			{ type: "pong", revision: 3, more: [] },
		])
	})
})

/** The golden times are normalised by the server's codec; here they stay the text they are. */
function withoutTime(message: Record<string, unknown>): Record<string, unknown> {
	const { at: _, ...rest } = message
	return rest
}

import { describe, expect, it } from "vitest"
import { contentHash, jcs } from "./hash.js"

describe("content hash", () => {
	it("[C6] RFC 8785: keys in order, numbers and strings as ECMAScript writes them", () => {
		expect(jcs([{ insert: "é\n\u0001", attributes: { z: 1e21, b: [true, null, 0.5], a: {} } }])).toBe(
			'[{"attributes":{"a":{},"b":[true,null,0.5],"z":1e+21},"insert":"é\\n\\u0001"}]',
		)
	})

	it("[C6] is SHA-256 in hex", async () => {
		// printf '[{"insert":"\\n"}]' | sha256sum
		expect(await contentHash([{ insert: "\n" }])).toBe(
			"453d3dff39443f941f5f1a36eede59ca499113a41c4378407995f651dfae674d",
		)
	})
})

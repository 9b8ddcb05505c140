/** A picture's side, px: sharp at the largest size it is shown in, and a few KiB. */
const SIDE = 128

/** Makes a small square PNG of the middle of an image that somebody chose. Rejects with a sentence when it is none. */
export async function squarePicture(file: Blob): Promise<Blob> {
	const image = await createImageBitmap(file).catch(() => {
		throw new Error("This file is not a picture that the browser can read. Choose a PNG, JPEG or WebP.")
	})
	const side = Math.min(image.width, image.height)
	const canvas = document.createElement("canvas")
	canvas.width = SIDE
	canvas.height = SIDE
	const context = canvas.getContext("2d")
	if (context) context.imageSmoothingQuality = "high"
	context?.drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, SIDE, SIDE)
	image.close()
	const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"))
	if (!png) throw new Error("The browser could not make the picture small. Choose another.")
	return png
}

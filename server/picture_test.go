package server

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

func TestRedraw(t *testing.T) {
	wide := image.NewNRGBA(image.Rect(0, 0, 300, 100))
	for x := range 300 {
		for y := range 100 {
			wide.Set(x, y, color.NRGBA{R: uint8(min(x, 255)), G: 10, B: 200, A: 255})
		}
	}
	var asPNG, asJPEG bytes.Buffer
	if err := png.Encode(&asPNG, wide); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, wide, nil); err != nil {
		t.Fatal(err)
	}
	secret := []byte("<script>alert(1)</script>")
	for name, encoded := range map[string][]byte{"png": append(asPNG.Bytes(), secret...), "jpeg": append(asJPEG.Bytes(), secret...)} {
		small, err := redraw(encoded)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		drawn, err := png.Decode(bytes.NewReader(small))
		if err != nil || drawn.Bounds() != image.Rect(0, 0, pictureSide, pictureSide) {
			t.Fatalf("%s: %v, %v", name, err, drawn.Bounds())
		}
		if r, _, _, _ := drawn.At(64, 64).RGBA(); r>>8 < 140 || r>>8 > 160 {
			t.Errorf("%s: the middle is not the middle: %d", name, r>>8)
		}
		if bytes.Contains(small, secret) {
			t.Errorf("%s: [ASVS 5.2.2] bytes beside the picture were kept", name)
		}
	}
	for name, encoded := range map[string][]byte{
		"nothing": nil, "text": []byte("x"), "svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`),
		"cut short":                       asPNG.Bytes()[:60],
		"[ASVS 5.2.6] a bomb":             hugePNG(50_000, 50_000),
		"[ASVS 5.2.6] numbers that wrap":  hugePNG(1<<31-1, 1<<31-1),
		"[ASVS 5.2.6] one very long line": hugePNG(picturePixels+1, 1),
	} {
		if _, err := redraw(encoded); err == nil {
			t.Errorf("%s was drawn", name)
		}
	}
	if _, err := redraw(onePixel(t)); err != nil {
		t.Errorf("one pixel: %v", err)
	}
}

func onePixel(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hugePNG is the head of a picture that says it is huge.
func hugePNG(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	head = append(binary.BigEndian.AppendUint32(head, height), 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

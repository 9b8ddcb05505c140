package protocol

import (
	"sync/atomic"
	"time"
)

// TimeLayout is how times are written: RFC 3339, UTC, microseconds.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// second is the text of one second, "2006-01-02T15:04:05".
type second struct {
	unix int64
	text [19]byte
}

// Changes come thousands a second and their date is the same for all of them:
// the last second written and the last one read are kept.
var lastWritten, lastRead atomic.Pointer[second]

// AppendTime appends t as a JSON string in TimeLayout. Any goroutine.
func AppendTime(dst []byte, t time.Time) []byte {
	unix := t.Unix()
	s := lastWritten.Load()
	if s == nil || s.unix != unix {
		s = &second{unix: unix}
		if n := len(t.UTC().AppendFormat(s.text[:0], "2006-01-02T15:04:05")); n != len(s.text) {
			return append(t.UTC().AppendFormat(append(dst, '"'), TimeLayout), '"')
		}
		lastWritten.Store(s)
	}
	dst = append(dst, '"')
	dst = append(dst, s.text[:]...)
	micros := t.Nanosecond() / 1000
	var tail [9]byte
	for i := 6; i > 0; i-- {
		tail[i] = byte('0' + micros%10)
		micros /= 10
	}
	tail[0], tail[7], tail[8] = '.', 'Z', '"'
	return append(dst, tail[:]...)
}

// parseTime reads any RFC 3339 time, the ones AppendTime writes quickly.
func parseTime(text []byte) (time.Time, bool) {
	s := lastRead.Load()
	if len(text) == len(TimeLayout) && s != nil && string(text[:19]) == string(s.text[:]) && text[19] == '.' && text[26] == 'Z' {
		micros := int64(0)
		for _, c := range text[20:26] {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			micros = micros*10 + int64(c-'0')
		}
		return time.Unix(s.unix, micros*1000).UTC(), true
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Time{}, false
	}
	t = t.UTC()
	if len(text) == len(TimeLayout) && text[26] == 'Z' {
		fresh := &second{unix: t.Unix()}
		copy(fresh.text[:], text)
		lastRead.Store(fresh)
	}
	return t, true
}

package review

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Stamps makes and reads the stamp in a form: the time the form was shown, bound
// to its link, so that neither an older nor another link's can be put in its
// place. MAC must be keyed, for this purpose alone, and at least 16 bytes long.
type Stamps struct {
	MAC func(parts ...[]byte) []byte
}

const timeSize = 8

// Make stamps a form shown now behind the link with this token.
func (s Stamps) Make(token string, now time.Time) string {
	at := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(at, s.MAC(at, []byte(token))...))
}

// Read returns when the form was shown, or the zero time for a stamp that Make
// did not make for this token.
func (s Stamps) Read(stamp, token string) time.Time {
	b, err := base64.RawURLEncoding.Strict().DecodeString(stamp)
	if err != nil || len(b) < timeSize {
		return time.Time{}
	}
	at, mac := b[:timeSize], b[timeSize:]
	if subtle.ConstantTimeCompare(mac, s.MAC(at, []byte(token))) != 1 {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(at))).UTC()
}

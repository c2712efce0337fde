package bolt

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"time"

	"aminobridge/core"
)

// join makes a key of its parts.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func clone(b []byte) []byte { return bytes.Clone(b) }

func hasPrefix(k, prefix []byte) bool { return k != nil && bytes.HasPrefix(k, prefix) }

// stamp is a time as a key: sorted, microseconds. Times before 1970 do not occur
// but for the zero time, which comes first.
func stamp(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(micros(t)))
}

func readStamp(b []byte) time.Time { return moment(int64(binary.BigEndian.Uint64(b))) }

// micros is a time as it is kept: 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, t.UnixMicro())
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func letterKey(id core.InvitationID, k core.Kind) []byte { return append(clone(id[:]), byte(k)) }

func readLetterKey(b []byte) (core.InvitationID, core.Kind) {
	return core.InvitationID(b[:16]), core.Kind(b[16])
}

// orderKey puts the id first: ids rise over all shops, so that orders of one time
// share pages. A number sorts by its value, whatever else an id may be comes
// after.
func orderKey(v core.VendorID, k core.OrderKey) []byte {
	id := append([]byte{1, byte(min(len(k.ID), 255))}, k.ID...)
	if n, err := strconv.ParseUint(k.ID, 10, 64); err == nil && strconv.FormatUint(n, 10) == k.ID {
		id = binary.BigEndian.AppendUint64([]byte{0}, n)
	}
	return join(id, []byte{byte(min(len(k.Namespace), 255))}, []byte(k.Namespace), v[:])
}

func text(s string) []byte { return append([]byte{byte(min(len(s), 255))}, s...) }

func route(name string) []byte { return text(name) }

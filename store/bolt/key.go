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
	return join(orderID(k.ID), text(k.Namespace), v[:])
}

func orderID(id string) []byte {
	if n, err := strconv.ParseUint(id, 10, 64); err == nil && strconv.FormatUint(n, 10) == id {
		return binary.BigEndian.AppendUint64([]byte{0}, n)
	}
	return append([]byte{1}, text(id)...)
}

// orderOf reads what follows the id in the key of an order's record; false for
// the key of a repeat beside it.
func orderOf(rest []byte) (core.VendorID, bool) {
	if len(rest) < 2 {
		return core.VendorID{}, false
	}
	n := 2 + int(binary.BigEndian.Uint16(rest))
	if len(rest) != n+16 {
		return core.VendorID{}, false
	}
	return core.VendorID(rest[n:]), true
}

// text is a string that can be followed by something else.
func text(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(min(len(s), 1<<16-1))), s...)
}

func route(name string) []byte { return text(name) }

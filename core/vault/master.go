package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strings"

	"aminobridge/core"
)

// NewMaster makes a master key.
func NewMaster() []byte {
	master := make([]byte, keySize)
	_, _ = rand.Read(master) // never fails: crypto/rand ends the program instead
	return master
}

// FormatMaster is the master as the key file and AMINO_MASTER_KEY hold it.
func FormatMaster(master []byte) string { return base64.StdEncoding.EncodeToString(master) }

// ParseMaster reads what FormatMaster writes, with space around it. It returns a
// *core.FieldError for anything else, and for a key that nobody drew at random.
func ParseMaster(text string) ([]byte, error) {
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, &core.FieldError{Field: "master key", Code: "invalid", Reason: "must be 32 random bytes in base64"}
	}
	return master, checkMaster(master)
}

func checkMaster(master []byte) error {
	if len(master) != keySize {
		return &core.FieldError{Field: "master key", Code: "invalid", Reason: "must be 32 random bytes in base64"}
	}
	if bytes.Count(master, master[:1]) == keySize {
		return &core.FieldError{Field: "master key", Code: "default", Reason: "is one byte repeated; make a random one"}
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

var client = http.Client{Timeout: patience}

// fetch reads the JSON at a URL; key is an API key, or "".
func fetch(ctx context.Context, url, key string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is answered %d", url, res.StatusCode)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

package outrigger

import (
	"context"
	"encoding/base64"
	"time"
	"unicode/utf8"
)

// FetchRequest is a request the host makes for the plugin.
type FetchRequest struct {
	// URL is absolute.
	URL string
	// Method defaults to GET.
	Method string
	// Header fields: a string, or a [SecretHeader].
	Header map[string]any
	Body   []byte
	// Timeout defaults to 30 s.
	Timeout time.Duration
	// MaxBytes is the longest body of the response; a longer one is an error. Default and maximum: what a message may hold.
	MaxBytes int
}

// SecretHeader is a header field that the host fills in; the plugin never sees its value.
type SecretHeader struct {
	// Secret is the name of a secret granted for the host of the URL.
	Secret string `json:"secret"`
	// Prefix stands before the value, such as "Bearer ".
	Prefix string `json:"prefix,omitempty"`
}

// FetchResponse is a response; its body is here already.
type FetchResponse struct {
	Status int
	// URL is the address that answered, after redirects.
	URL string
	// Header has names in lower case; several fields of one name are joined with a comma.
	Header map[string]string
	Body   []byte
}

// OK is true for a status from 200 to 299.
func (r *FetchResponse) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Fetch lets the host make one HTTP request, to a host under permissions.net. Needs the permission "net/fetch". An HTTP status is no
// error.
func (h *Host) Fetch(ctx context.Context, request FetchRequest) (*FetchResponse, error) {
	var result struct {
		Status     int
		URL        string
		Headers    map[string]string
		Body       string
		BodyBase64 []byte
	}
	if err := h.Call(ctx, methodNetFetch, request.params(), &result); err != nil {
		return nil, err
	}
	response := &FetchResponse{Status: result.Status, URL: result.URL, Header: result.Headers, Body: []byte(result.Body)}
	if result.BodyBase64 != nil {
		response.Body = result.BodyBase64
	}
	return response, nil
}

func (r FetchRequest) params() map[string]any {
	params := map[string]any{"url": r.URL}
	if r.Method != "" {
		params["method"] = r.Method
	}
	if r.Header != nil {
		params["headers"] = r.Header
	}
	if r.Body != nil && utf8.Valid(r.Body) {
		params["body"] = string(r.Body)
	} else if r.Body != nil {
		params["bodyBase64"] = base64.StdEncoding.EncodeToString(r.Body)
	}
	if r.Timeout > 0 {
		params["timeoutMs"] = max(r.Timeout.Milliseconds(), 1)
	}
	if r.MaxBytes > 0 {
		params["maxBytes"] = r.MaxBytes
	}
	return params
}

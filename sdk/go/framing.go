package outrigger

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

const (
	mostHeaderBytes = 4096
	mostHeaderLines = 16
	keptBufferBytes = 1 << 20
)

// messageReader cuts a stream into messages in linear time and bounded memory. Both framings are understood; the first message tells
// which one the host uses.
type messageReader struct {
	in       *bufio.Reader
	limit    func() int
	skipped  func(err *wireError)
	buffer   []byte
	isFramed func(hasHeaders bool)
}

// next is the next message, valid until the following call, or the error that ended the stream.
func (r *messageReader) next() ([]byte, error) {
	for {
		line, tooLong, err := r.line(r.limit())
		if err != nil {
			return nil, err
		}
		line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte("\ufeff"))
		switch {
		case tooLong:
			r.skip(numberTooLarge, "MESSAGE_TOO_LARGE", fmt.Sprintf("it is larger than %d bytes", r.limit()))
		case len(line) == 0:
		case !isHeader(line):
			r.isFramed(false)
			return line, nil
		default:
			if body, err := r.body(line); body != nil || err != nil {
				return body, err
			}
		}
	}
}

// line reads up to the next line feed; of a line beyond the limit nothing is kept.
func (r *messageReader) line(limit int) (line []byte, tooLong bool, err error) {
	r.buffer = r.buffer[:0]
	if cap(r.buffer) > keptBufferBytes {
		r.buffer = nil
	}
	for {
		part, err := r.in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, false, err
		}
		if tooLong = tooLong || len(r.buffer)+len(part) > limit+1; !tooLong {
			r.buffer = append(r.buffer, part...)
		}
		if err == nil {
			return r.buffer, tooLong, nil
		}
	}
}

// body reads the rest of a header block and the message after it; nil when that was skipped.
func (r *messageReader) body(line []byte) ([]byte, error) {
	length := -1
	for lines := 1; len(line) > 0; lines++ {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			value = bytes.TrimSpace(value)
			if length = parseLength(value); length < 0 {
				r.skip(numberParseError, "MESSAGE_INVALID", fmt.Sprintf("%q is no content length", cut(string(value), 40)))
			}
		}
		more, tooLong, err := r.line(mostHeaderBytes)
		if err != nil {
			return nil, err
		}
		if tooLong || lines > mostHeaderLines {
			r.skip(numberParseError, "MESSAGE_INVALID", "its header block is too long")
			return nil, nil
		}
		line = bytes.TrimSpace(more)
	}
	if length <= 0 {
		return nil, nil
	}
	r.isFramed(true)
	if length > r.limit() {
		r.skip(numberTooLarge, "MESSAGE_TOO_LARGE", fmt.Sprintf("it is larger than %d bytes", r.limit()))
		_, err := io.CopyN(io.Discard, r.in, int64(length))
		return nil, err
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r.in, body)
	return body, err
}

func (r *messageReader) skip(number int, code, why string) {
	r.skipped(&wireError{number: number, code: code, message: "Cannot read the message: " + why})
}

func isHeader(line []byte) bool {
	return len(line) > 8 && bytes.EqualFold(line[:8], []byte("content-"))
}

func parseLength(value []byte) int {
	length, err := strconv.ParseUint(string(value), 10, 40)
	if err != nil || len(value) > 12 {
		return -1
	}
	return int(length)
}

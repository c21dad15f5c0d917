package flowlogs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"

	smithyrand "github.com/aws/smithy-go/rand"
)

// TokenGenerator makes the client token of a request that has none. It is called
// once for each request, before the first attempt; for a Stream, without IDs. Its
// error ends the call before anything is sent. It must be safe for concurrent use
// and must not change the request. EC2 recognizes a token within one account and Region.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
type TokenGenerator func(Request) (string, error)

// RandomToken makes a random UUID. It is the default. The retries within one Create
// are safe, but a second Create of the same request is another request to EC2.
func RandomToken(Request) (string, error) {
	return smithyrand.NewUUID(rand.Reader).GetUUID()
}

// ContentToken derives tokens from the content of the request: the same scope and
// the same request have the same token on any machine, so a request that is sent twice
// creates nothing twice. The order of ResourceIDs matters. Whether ResourceType is
// given or inferred does not. The token of a Stream is made without its IDs, so each
// list of IDs needs a scope of its own.
//
// The scope distinguishes requests with the same content; it may be the ID of an event
// or a date. Use another scope to send the same request anew: for resources that were
// unsuccessful, since EC2 may repeat its response, and for flow logs that were deleted.
func ContentToken(scope string) TokenGenerator {
	return func(r Request) (string, error) {
		r.ClientToken = ""
		r.ResourceType = r.resourceType()
		content, err := json.Marshal(r)
		if err != nil {
			return "", fmt.Errorf("token of the request's content: %w", err)
		}
		return hashToken(scope, string(content)), nil
	}
}

// batchToken derives the token of a batch from that of the request, or of the batch
// that it is a half of. It depends on the IDs of the batch, but not on its position,
// the concurrency or the machine, so a resumed request sends the same calls.
func batchToken(root string, ids []string) string {
	return hashToken(root, ids...)
}

// resendToken derives the token of the nth resend of resources of a batch. To the
// token of an earlier call, EC2 would only repeat its response.
func resendToken(batch string, n int, ids []string) string {
	return hashToken(batch+"#"+strconv.Itoa(n), ids...)
}

// hashToken returns a token of 64 characters, as many as EC2 allows.
func hashToken(root string, parts ...string) string {
	h := sha256.New()
	writePart(h, root)
	for _, part := range parts {
		writePart(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writePart writes the length first, so that different lists of parts never hash alike.
func writePart(h hash.Hash, part string) {
	fmt.Fprintf(h, "%d:%s", len(part), part)
}

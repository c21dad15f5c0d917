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
// and must not change the request.
//
// A token that is to survive a crash must be known after it: store
// Request.ClientToken before the call, or derive it with [ContentToken]. EC2
// recognizes a token within one account and Region, for a time that it does not
// document.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
type TokenGenerator func(Request) (string, error)

// RandomToken makes a random UUID. It is the default: the retries of one Create
// are safe, and two Creates are two jobs.
func RandomToken(Request) (string, error) {
	return smithyrand.NewUUID(rand.Reader).GetUUID()
}

// ContentToken derives tokens from the content of the request: the same scope and
// the same request have the same token on any machine, so a job that is started
// twice is done once. The order of ResourceIDs matters; a ResourceType that is
// inferred is the same as one that is given. A Stream has no IDs when its token is
// made: its scope must tell its lists apart.
//
// The scope tells apart jobs with the same content: an event's ID, a date. Use
// another scope to do the same again: for resources that were unsuccessful, since
// EC2 may repeat its response, and for a flow log that was deleted.
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
// that it is a half of. It depends on the IDs of the batch and not on its place, the
// concurrency or the machine, so a second run sends the same calls.
//
// Guarded by TestBatch_TokensAreTheSameOnAnyMachine.
func batchToken(root string, ids []string) string {
	return hashToken(root, ids...)
}

// resendToken derives the token of the nth resend of resources of a batch. With the
// token of the call before, EC2 would only repeat its response.
//
// Guarded by TestCreate_ResendsTheSameResourcesUnderAnotherTokenEachTime.
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

// writePart writes the length first, so that no two lists of parts look alike.
//
// Guarded by TestContentToken_IsTheSameOnAnyMachine.
func writePart(h hash.Hash, part string) {
	fmt.Fprintf(h, "%d:%s", len(part), part)
}

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
// once for each Create, before the first attempt; an error of it ends the call
// before anything is sent. It must be safe for concurrent use, and must not
// change the request.
//
// EC2 recognizes a token for a time that it does not document, within one
// account and Region.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
type TokenGenerator func(Request) (string, error)

// RandomToken makes a random UUID. It is the default: each Create is a job of its
// own, and its retries are one job.
func RandomToken(Request) (string, error) {
	return smithyrand.NewUUID(rand.Reader).GetUUID()
}

// ContentToken makes tokens of what is asked for: the same scope and the same
// request have the same token on any machine, so that a job that is started twice
// is done once. The order of the ResourceIDs matters; a ResourceType that is
// inferred is the same as one that is given.
//
// The scope tells apart jobs that ask for the same thing: an event's ID, a date.
// Another scope is needed where the same is to be done again: for resources that
// were unsuccessful, since EC2 may repeat its answer, and for a flow log that was
// deleted.
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

// batchToken is the token of one of several batches. It depends on the IDs of the
// batch and not on its place, the concurrency or the machine, so that a second
// run with the same root sends the same calls.
func batchToken(root string, ids []string) string {
	return hashToken(root, ids...)
}

// resendToken is the token of the nth resend of some of the batch's resources.
// The number is part of it: with the token of the call before, EC2 would only
// repeat that call's answer.
func resendToken(batch string, n int, ids []string) string {
	return hashToken(batch+"#"+strconv.Itoa(n), ids...)
}

// hashToken is as long as EC2 allows: 64 characters.
func hashToken(root string, parts ...string) string {
	h := sha256.New()
	writePart(h, root)
	for _, part := range parts {
		writePart(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writePart writes the length first, so that no two lists of parts look alike.
func writePart(h hash.Hash, part string) {
	fmt.Fprintf(h, "%d:%s", len(part), part)
}

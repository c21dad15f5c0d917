// Package docs has the tests that hold the documents beside it and the code together. It
// is part of this module and not of the examples' one, so that the go command tests again
// when a document has changed.
package docs

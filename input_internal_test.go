package flowlogs

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
)

// fill sets every exported member to something, down through what it holds.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("given")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetInt(7)
	}
}

// wipe sets everything that can be reached from v to zero, from the inside out.
func wipe(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		wipe(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			wipe(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				wipe(v.Field(i))
			}
		}
	}
	if v.CanSet() {
		v.SetZero()
	}
}

// This test fails when the SDK's input gains a pointer or slice that copyInput does
// not know.
func TestCopyInput_SharesNothing(t *testing.T) {
	t.Parallel()
	var in, want ec2.CreateFlowLogsInput
	fill(reflect.ValueOf(&in).Elem())
	fill(reflect.ValueOf(&want).Elem())
	c := copyInput(&in)
	assert.Equal(t, &want, c)
	wipe(reflect.ValueOf(c))
	assert.Equal(t, &ec2.CreateFlowLogsInput{}, c)
	assert.Equal(t, want, in)
}

func TestCopyInput_KeepsWhatIsNotSet(t *testing.T) {
	t.Parallel()
	assert.Equal(t, &ec2.CreateFlowLogsInput{}, copyInput(&ec2.CreateFlowLogsInput{}))
}

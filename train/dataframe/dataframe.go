// Package dataframe stands in for github.com/rocketlaunchr/dataframe-go, of
// which golearn/base names four identifiers and this project calls none. The
// real module does not compile beside tablewriter v1.
package dataframe

// Series is one column of a DataFrame.
type Series interface {
	Value(row int, options ...any) any
}

// DataFrame is a list of columns.
type DataFrame struct{ Series []Series }

// Names is not supported: nothing here reads a DataFrame.
func (*DataFrame) Names(options ...any) []string { panic("dataframe: not supported") }

// NRows is not supported: nothing here reads a DataFrame.
func (*DataFrame) NRows(options ...any) int { panic("dataframe: not supported") }

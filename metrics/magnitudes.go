package metrics

// features are what the metrics of a map's simplicity count: every value of the
// map, the channels of a pixel apart, or pixels.
var features = []string{"values", "pixels"}

// magnitudes returns the size of every feature of a map: |attribution| of each
// value, or of each of area pixels the sum over its channels of |attribution|.
func magnitudes(m []float32, feature string, area int) []float64 {
	if feature == "values" {
		area = len(m)
	}
	a := make([]float64, area)
	channelSum(a, m, true)
	return a
}

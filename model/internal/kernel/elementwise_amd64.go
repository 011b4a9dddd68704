package kernel

func reluRescaleAsm(n int, x, xr, g, out *float32) {
	reluRescaleAVX2(n, x, xr, g, out, rescaleFloor)
}

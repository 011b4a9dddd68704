#!/bin/sh
# Runs the kernels' tests on an emulated CPU that has AVX-512, for machines that
# have not: the test binary is the only process of a Linux kernel that boots in
# Bochs. Takes some minutes. On Debian:
#
#     apt-get install bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso cpio
#     apt-get download linux-image-VERSION-cloud-amd64   # or any Linux of the host's
#     gen/avx512.sh VMLINUZ [TEST-PATTERN]
set -eu
[ $# -ge 1 ] || { echo "usage: $0 VMLINUZ [TEST-PATTERN]" >&2; exit 2; }
linux=$(realpath "$1")
pattern=${2:-.}
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

mkdir -p "$tmp/root/dev" "$tmp/root/tmp" "$tmp/iso/isolinux"
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go test -c -ldflags='-s -w' -o "$tmp/root/init" .
mknod "$tmp/root/dev/console" c 5 1
mknod "$tmp/root/dev/null" c 1 3
(cd "$tmp/root" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$tmp/iso/initrd.gz"
cp "$linux" "$tmp/iso/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$tmp/iso/isolinux/"
# Bochs 2.7 reports a size for compacted XSAVE that Linux refuses, and with it
# all of AVX; without XSAVEC and XSAVES (bits 321 and 323) they agree.
cat >"$tmp/iso/isolinux/isolinux.cfg" <<CFG
SERIAL 0 115200
DEFAULT test
PROMPT 0
LABEL test
  KERNEL /vmlinuz
  APPEND initrd=/initrd.gz console=ttyS0 quiet mitigations=off nokaslr lpj=1000000 noxsaves clearcpuid=321,323 rdinit=/init -- -test.v -test.run=$pattern -test.skip=Interpreted
CFG
xorriso -as mkisofs -quiet -o "$tmp/disc.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
    -no-emul-boot -boot-load-size 4 -boot-info-table "$tmp/iso"
cat >"$tmp/bochsrc" <<CFG
cpu: model=corei7_skylake_x, count=1, ips=100000000, reset_on_triple_fault=0
megs: 512
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$tmp/disc.iso, status=inserted
boot: cdrom
log: $tmp/log
com1: enabled=1, mode=file, dev=$tmp/serial
display_library: rfb, options="timeout=0"
CFG
# The kernel panics when its only process ends, which is the sign that all is
# over; its exit code is in the message.
(echo c | bochs -q -f "$tmp/bochsrc" >"$tmp/out" 2>&1) &
emulator=$!
until grep -q 'Kernel panic' "$tmp/serial" 2>/dev/null; do
    sleep 2
    kill -0 $emulator 2>/dev/null || { cat "$tmp/out" >&2; exit 1; }
done
children=$(ps -o pid= --ppid $emulator | tr '\n' ' ')
kill $children $emulator 2>/dev/null || true
grep -E -- '^(    )?--- |avx512|exitcode' "$tmp/serial"
grep -q -- '--- PASS: TestGemmSameBits/avx512' "$tmp/serial" || { echo "AVX-512 did not run" >&2; exit 1; }
grep -q 'exitcode=0x00000000' "$tmp/serial"

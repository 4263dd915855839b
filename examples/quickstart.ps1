# Makes a 256 MiB file with data and holes, copies it whole, copies a range of it, and checks both copies.
# Runs in pwsh after Import-Module, and in the repository's own shell:
#   dotnet run -c Release --project src/SpliceShell -- examples/quickstart.ps1
$ErrorActionPreference = 'Stop'
$folder = [IO.Path]::Combine([IO.Path]::GetTempPath(), "splice-quickstart-$PID")
$null = [IO.Directory]::CreateDirectory($folder)

function Get-Sha256([string] $Path, [long] $Offset = 0, [long] $Count = -1) {
    $file = [IO.File]::OpenRead($Path)
    try {
        $file.Position = $Offset
        $hash = [Security.Cryptography.IncrementalHash]::CreateHash('SHA256')
        $buffer = [byte[]]::new(1MB)
        $left = if ($Count -lt 0) { $file.Length - $Offset } else { $Count }
        while ($left -gt 0) {
            $read = $file.Read($buffer, 0, [Math]::Min($left, $buffer.Length))
            $hash.AppendData($buffer, 0, $read)
            $left -= $read
        }

        [Convert]::ToHexString($hash.GetHashAndReset())
    }
    finally {
        $file.Dispose()
    }
}

function Assert-Equal($Expected, $Actual, [string] $What) {
    if ($Expected -ne $Actual) { throw "$What differ: $Expected and $Actual" }
}

try {
    # A disk image: 8 MiB of data every 64 MiB, nothing between them, 256 MiB in all.
    $image = "$folder/disk.img"
    $data = [byte[]]::new(8MB)
    $file = [IO.File]::Create($image)
    foreach ($start in 0MB, 64MB, 128MB, 192MB) {
        [Random]::Shared.NextBytes($data)
        $file.Position = $start
        $file.Write($data, 0, $data.Length)
    }

    $file.SetLength(256MB)
    $file.Dispose()

    # The whole image: its holes stay holes.
    $whole = Copy-ItemZeroCopy $image "$folder/copy.img"
    $whole

    # 20 MiB from the middle, to a file of their own.
    $range = Copy-ItemZeroCopy $image "$folder/range.bin" -Offset 60MB -Count 20MB
    $range

    Assert-Equal -Expected 256MB -Actual $whole.BytesCopied -What 'The sizes of image and copy'
    Assert-Equal -Expected (Get-Sha256 $image) -Actual (Get-Sha256 "$folder/copy.img") -What 'Image and copy'
    Assert-Equal -Expected (Get-Sha256 -Path $image -Offset 60MB -Count 20MB) -Actual (Get-Sha256 "$folder/range.bin") -What 'The range and its copy'
    $taken = foreach ($path in $image, "$folder/copy.img") { "$([long](stat -c %b $path) * 512 / 1MB) MiB" }
    "Both copies are identical to the source. On the disk the image takes $($taken[0]), its copy $($taken[1])."
}
finally {
    [IO.Directory]::Delete($folder, $true)
}

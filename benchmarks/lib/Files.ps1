# The files that jobs copy.

# Bytes that do not compress, the same at every run.
function Get-RandomByte([int] $Count) {
    $bytes = [byte[]]::new($Count)
    [Random]::new(1).NextBytes($bytes)
    , $bytes
}

# A file of random bytes that is on the disk, and in the page cache as far as it fits.
function Write-RandomFile([string] $Path, [long] $Size) {
    $piece = Get-RandomByte ([Math]::Min($Size, [long]16MB))
    $file = [IO.File]::Create($Path)
    try {
        for ($done = 0L; $done -lt $Size; $done += $piece.Length) {
            $file.Write($piece, 0, [int][Math]::Min([long]$piece.Length, $Size - $done))
        }
    }
    finally {
        $file.Dispose()
    }

    sync --file-system $Path
}

# Overwrites random blocks of a file.
function Write-RandomBlock([string] $Path, [int] $Size, [int] $Count) {
    $random = [Random]::new(1)
    $bytes = [byte[]]::new($Size)
    $file = [IO.File]::OpenWrite($Path)
    try {
        $blocks = [int]($file.Length / $Size)
        foreach ($i in 1..$Count) {
            $random.NextBytes($bytes)
            $file.Position = [long]$random.Next($blocks) * $Size
            $file.Write($bytes, 0, $Size)
        }
    }
    finally {
        $file.Dispose()
    }

    sync --file-system $Path
}

# A file with holes: data in pieces of one size at even distances.
function Write-SparseFile([string] $Path, [long] $Size, [long] $DataSize, [int] $Extents) {
    $length = [int]([Math]::Floor($DataSize / $Extents / 4096) * 4096)
    $step = [long][Math]::Floor($Size / $Extents / 4096) * 4096
    $bytes = Get-RandomByte $length
    $file = [IO.File]::Create($Path)
    try {
        for ($i = 0; $i -lt $Extents; $i++) {
            $file.Position = $i * $step
            $file.Write($bytes, 0, $length)
        }

        $file.SetLength($Size)
    }
    finally {
        $file.Dispose()
    }

    sync --file-system $Path
}

# Folders of small files of 0 to Largest bytes. All names are different, so that a pipeline can put all into one folder.
function Write-Tree([string] $Path, [int] $Folders, [int] $FilesEach, [int] $Largest) {
    $random = [Random]::new(1)
    $bytes = Get-RandomByte $Largest
    foreach ($i in 1..$Folders) {
        $null = [IO.Directory]::CreateDirectory("$Path/$i")
        foreach ($j in 1..$FilesEach) {
            $file = [IO.File]::Create("$Path/$i/file-$i-$j")
            $file.Write($bytes, 0, $random.Next($Largest + 1))
            $file.Dispose()
        }
    }

    sync --file-system $Path
}

# Takes a file out of the page cache, and only that file: programs stay in memory.
function Clear-Cache([string] $Path) {
    sync --file-system $Path
    dd "of=$Path" oflag=nocache conv=notrunc,fdatasync count=0 status=none
    $left = [long](fincore --bytes --noheadings --output RES $Path)
    if ($left) { throw "$left bytes of '$Path' stay in the page cache." }
}

# 65536 -> 64 KiB
function Format-Size([long] $Bytes) {
    foreach ($unit in @{ Name = 'GiB'; Size = 1GB }, @{ Name = 'MiB'; Size = 1MB }, @{ Name = 'KiB'; Size = 1KB }) {
        if ($Bytes -ge $unit.Size) { return [string]::Format([cultureinfo]::InvariantCulture, '{0:0.##} {1}', $Bytes / $unit.Size, $unit.Name) }
    }

    "$Bytes bytes"
}

function Clear-File([string[]] $Path) {
    foreach ($one in $Path) { if ([IO.File]::Exists($one)) { [IO.File]::Delete($one) } }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'A result' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/to"
        [IO.File]::WriteAllBytes("$folder/a", [byte[]]::new(1536))
    }

    It 'has the name, the full name and the size of the destination, as a FileInfo has' {
        $result = Copy-ItemZeroCopy "$folder/a" "$folder/to"
        $file = Get-Item "$folder/to/a"
        $result.Name | Should -BeExactly $file.Name
        $result.FullName | Should -BeExactly $file.FullName
        $result.Length | Should -Be $file.Length
        $result.PSPath | Should -BeExactly $file.PSPath
    }

    It 'has the size of all of the destination, not of what was copied (<Arguments.Keys>)' -ForEach @(
        @{ Arguments = @{ Append = $true }; Old = 1000; Length = 2536 }
        @{ Arguments = @{ DestinationOffset = 100 }; Old = 4000; Length = 4000 }
        @{ Arguments = @{ DestinationOffset = 3000 }; Old = 4000; Length = 4536 }
        @{ Arguments = @{ InPlace = $true }; Old = 4000; Length = 1536 }
        @{ Arguments = @{ Offset = 1000; Count = 500 }; Old = 4000; Length = 500 }
    ) {
        [IO.File]::WriteAllBytes("$folder/b", [byte[]]::new($Old))
        $result = Copy-ItemZeroCopy "$folder/a" "$folder/b" @Arguments
        $result.Length | Should -Be $Length
        (Get-Item "$folder/b").Length | Should -Be $Length
    }

    It 'has the size of all joined files, and of each part' {
        $parts = Split-ItemZeroCopy "$folder/a" "$folder/to" -PartSize 1000
        $parts.Length | Should -Be 2
        $parts.ForEach('Length') | Should -Be 1000, 536
        (Join-ItemZeroCopy "$folder/to/a.*" "$folder/b").Length | Should -Be 1536
    }

    It 'has no name and no size where the destination is not a file' {
        $result = Copy-ItemZeroCopy "$folder/a" /dev/null
        $result.Length | Should -BeNullOrEmpty
        $result.Name | Should -BeExactly 'null'
        $pipe = New-SplicePipe
        $result = Invoke-Splice ([IO.File]::OpenRead("$folder/a")) $pipe.WriteEnd
        foreach ($property in 'Name', 'FullName', 'PSPath', 'Length') { $result.$property | Should -BeNullOrEmpty }
        $pipe.Dispose()
    }

    It 'is Copied for a new file, and Updated for one that was replaced or written in place' {
        (Copy-ItemZeroCopy "$folder/a" "$folder/b").Status | Should -Be 'Copied'
        (Copy-ItemZeroCopy "$folder/a" "$folder/b").Status | Should -Be 'Updated'
        (Copy-ItemZeroCopy "$folder/a" "$folder/b" -InPlace).Status | Should -Be 'Updated'
        ('a', 'a' | ForEach-Object { Get-Item "$folder/a" | Copy-ItemZeroCopy -Destination "$folder/to" }).Status | Should -Be 'Copied', 'Updated'
        $null = New-Item -ItemType SymbolicLink "$folder/link" -Target a
        (Copy-ItemZeroCopy "$folder/link" "$folder/link2" -Recurse).Status | Should -Be 'Copied'
        (Copy-ItemZeroCopy "$folder/link" "$folder/link2" -Recurse).Status | Should -Be 'Updated'
    }

    It 'has attempts and warnings that read well in a CSV file, and are lists' {
        $memory = Add-MemoryFolder
        try {
            $result = Copy-ItemZeroCopy "$folder/a" "$memory/b" -Method Auto -Preserve All
            $large = "$memory/large"
            [IO.File]::WriteAllBytes($large, [byte[]]::new(1MB))
            $result = Copy-ItemZeroCopy $large "$memory/b"
        } finally {
            Remove-Item -Recurse $memory
        }

        $result.Attempts.Count | Should -BeGreaterThan 0
        $result.Attempts[0].Method | Should -Be 'Reflink'
        $row = $result | ConvertTo-Csv | ConvertFrom-Csv
        $row.Attempts | Should -BeExactly (@($result.Attempts) -join '; ')
        $row.Attempts | Should -BeLike 'Reflink: *'
        $row.Warnings | Should -BeExactly ''
        @(($result | ConvertTo-Json -Depth 3 | ConvertFrom-Json).Attempts)[0].Reason | Should -BeExactly $result.Attempts[0].Reason
    }

    It 'reads well in a CSV file, whatever the cmdlet: <_>' -ForEach @(
        'Copy-ItemZeroCopy a b', 'Sync-ItemZeroCopy from other', 'Move-ItemZeroCopy a b', 'Compare-ItemZeroCopy a from/x'
        'Compare-ItemZeroCopy from to -Recurse -IncludeEqual', 'Split-ItemZeroCopy a -PartSize 512', 'Join-ItemZeroCopy a, from/x b'
        'Invoke-PipelineZeroCopy { cat a | wc -c } -OutputPath b', 'Measure-ZeroCopy -Size 4KB -Iterations 2', 'Test-ZeroCopy a b'
    ) {
        Push-Location $folder
        try {
            $null = New-Item -ItemType Directory from, other
            [IO.File]::WriteAllText("$folder/from/x", 'x')
            $rows = @(& ([scriptblock]::Create($_)) | ConvertTo-Csv)
        } finally {
            Pop-Location
        }

        $rows.Count | Should -BeGreaterThan 1
        $rows -match '`|\[\]|System\.|Splice\.' | Should -BeNullOrEmpty
    }

    It 'has a rate of the bytes that were moved, not of holes' {
        truncate --size 1G "$folder/hole"
        $result = Copy-ItemZeroCopy "$folder/hole" "$folder/b"
        $result.BytesCopied | Should -Be 1GB
        $result.BytesPerSecond | Should -Be 0
        $moved = Copy-ItemZeroCopy "$folder/a" "$folder/c" -Method ReadWrite
        $moved.BytesPerSecond | Should -Be (1536 / $moved.Elapsed.TotalSeconds)
    }
}

Describe 'Copy-ItemZeroCopy without -Destination' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/to", "$folder/tree"
        'one' > "$folder/a"
        'two' > "$folder/b"
        'three' > "$folder/tree/c"
        Push-Location "$folder/to"
    }

    AfterEach {
        Pop-Location
    }

    It 'copies to the current folder, as Copy-Item does' {
        (Copy-ItemZeroCopy "$folder/a").Destination | Should -BeExactly "$folder/to/a"
        $null = Copy-ItemZeroCopy "$folder/tree" -Recurse
        $null = Get-Item "$folder/b" | Copy-ItemZeroCopy
        Get-ChildItem -Recurse -Name | Sort-Object | Should -Be 'a', 'b', 'tree', 'tree/c'
    }

    It 'does not copy a file to itself' {
        Get-Failure { Copy-ItemZeroCopy a; 'x' > a; Copy-ItemZeroCopy a } | ForEach-Object FullyQualifiedErrorId |
            Should -Be 'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand', 'SameFile,Splice.Commands.CopyItemZeroCopyCommand'
        Get-Content a | Should -BeExactly 'x'
    }

    It 'takes the destination of each record that has one' {
        $records = [pscustomobject]@{ Path = "$folder/a"; Destination = "$folder/copy" }, [pscustomobject]@{ Path = "$folder/b" }
        ($records | Copy-ItemZeroCopy).Destination | Should -Be "$folder/copy", "$folder/to/b"
    }
}

Describe 'A file object for -Path' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/to"
        $script:names = '[ab]', 'a', 'x*', 'x`', 'back\slash'
        foreach ($name in $names) { [IO.File]::WriteAllText("$folder/$name", "of $name") }
    }

    It 'is literal in -Parallel' {
        $results = Get-ChildItem $folder -File | ForEach-Object -Parallel {
            Import-Module "$using:PSScriptRoot/../../out/Splice"
            Copy-ItemZeroCopy $_ "$using:folder/to"
        }
        $results | Should -HaveCount $names.Count
        foreach ($name in $names) { [IO.File]::ReadAllText("$folder/to/$name") | Should -BeExactly "of $name" }
    }

    It 'is literal as <What>' -ForEach @(
        @{ What = 'a FileInfo'; Item = { Get-Item -LiteralPath $args[0] } }
        @{ What = 'one of an array'; Item = { , @((Get-Item -LiteralPath $args[0]), $args[1]) } }
        @{ What = 'one of a list'; Item = { , [Collections.Generic.List[object]]@((Get-Item -LiteralPath $args[0])) } }
        @{ What = 'a FileInfo of its own'; Item = { [IO.FileInfo]::new($args[0]) } }
        @{ What = 'what was serialized'; Item = { [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize((Get-Item -LiteralPath $args[0]))) } }
        @{ What = 'the result of a copy'; Item = { Copy-ItemZeroCopy -LiteralPath $args[0] $args[0].Replace('[ab]', '[cd]') } }
    ) {
        $value = & $Item "$folder/[ab]" "$folder/x``*"
        $results = Copy-ItemZeroCopy $value "$folder/to"
        [IO.File]::ReadAllText($results[0].FullName) | Should -BeExactly 'of [ab]'
        Test-Path -LiteralPath "$folder/to/a" | Should -BeFalse
    }

    It 'leaves patterns patterns, also lines of a file' {
        "$folder/[[]ab]" > "$folder/list"
        (Copy-ItemZeroCopy (Get-Content "$folder/list") "$folder/to").Name | Should -BeExactly '[ab]'
        (Copy-ItemZeroCopy "$folder/[ab]" "$folder/to").Name | Should -BeExactly 'a'
    }

    It 'is literal for Split-ItemZeroCopy and Join-ItemZeroCopy' {
        $file = Get-Item -LiteralPath "$folder/[ab]"
        (Split-ItemZeroCopy $file "$folder/to" -PartCount 1).Length | Should -Be 7
        $null = Join-ItemZeroCopy $file, $file "$folder/joined"
        [IO.File]::ReadAllText("$folder/joined") | Should -BeExactly 'of [ab]of [ab]'
    }
}

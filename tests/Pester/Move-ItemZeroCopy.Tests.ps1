BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Move-ItemZeroCopy' {
    BeforeEach {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:memory = Add-MemoryFolder
        Push-Location $folder
        $null = New-Item -ItemType Directory into, tree/inner
        'a', 'b', 'c.log', 'd.log', '[x]', '.hidden', 'tree/file', 'tree/inner/file' | ForEach-Object { [IO.File]::WriteAllText("$folder/$_", $_) }
    }

    AfterEach {
        Pop-Location
        Remove-Item -Recurse -Force $memory
    }

    It 'rename a file' {
        $result = Move-ItemZeroCopy a new
        $result | Should -BeOfType Splice.TransferResult
        $result.Status | Should -Be Moved
        $result.Reason | Should -BeExactly renamed
        $result.FullName | Should -BeExactly "$folder/new"
        Get-Content new | Should -Be a
        Test-Path a | Should -BeFalse
    }

    It 'take a folder without -Recurse, and put it into a folder' {
        (Move-ItemZeroCopy tree into).Destination | Should -BeExactly "$folder/into/tree"
        Get-Content into/tree/inner/file | Should -Be tree/inner/file
        Test-Path tree | Should -BeFalse
    }

    It 'move into the current folder where none is named' {
        Set-Location into
        (Move-ItemZeroCopy ../a).Destination | Should -BeExactly "$folder/into/a"
    }

    It 'match hidden files only with -Force' {
        Move-Item .hidden tree
        $null = Move-ItemZeroCopy tree/* into
        Test-Path tree/.hidden | Should -BeTrue
        Move-Item into/file tree
        $null = Move-ItemZeroCopy tree/* into -Force
        Test-Path into/.hidden | Should -BeTrue
    }

    It 'make the folder for what a wildcard finds' {
        (Move-ItemZeroCopy *.log, a logs).Name | Should -Be c.log, d.log, a
        (Get-ChildItem logs).Name | Should -Be a, c.log, d.log
    }

    It 'make a missing folder whose path ends in a slash: <_>' -ForEach 'a', 'tree' {
        (Move-ItemZeroCopy $_ new/).FullName | Should -BeExactly "$folder/new/$_"
        Test-Path $_ | Should -BeFalse
        (Get-ChildItem new).Name | Should -Be $_
    }

    It 'make no folder for what cannot be moved' {
        Assert-Failure (Get-Failure { Move-ItemZeroCopy tree tree/new/ }) 'CopyIntoItself,Splice.Commands.MoveItemZeroCopyCommand' InvalidOperation "$folder/tree/new/tree"
        Test-Path tree/new | Should -BeFalse
    }

    It 'take file objects from the pipeline literally' {
        Get-ChildItem -File | Move-ItemZeroCopy -Destination into | Should -HaveCount 5
        (Get-ChildItem into).Name | Should -Be '[x]', a, b, c.log, d.log
    }

    It 'take literal paths' {
        $null = Move-ItemZeroCopy -LiteralPath '[x]' -Destination '[y]'
        Test-Path -LiteralPath '[y]' | Should -BeTrue
    }

    It 'replace a file only with -Force, and not with -NoClobber' {
        Assert-Failure (Get-Failure { Move-ItemZeroCopy a b }) 'DestinationExists,Splice.Commands.MoveItemZeroCopyCommand' ResourceExists "$folder/b" 'exists'
        Assert-Failure (Get-Failure { Move-ItemZeroCopy a b -NoClobber -Force }) 'DestinationExists,Splice.Commands.MoveItemZeroCopyCommand' ResourceExists "$folder/b" 'exists'
        Get-Content a, b | Should -Be a, b
        $null = Move-ItemZeroCopy a b -Force
        Get-Content b | Should -Be a
        Test-Path a | Should -BeFalse
    }

    It 'not replace what the same command moved there' {
        [IO.File]::WriteAllText("$folder/tree/a", 'other')
        $failure = Get-Failure { Move-ItemZeroCopy a, tree/a into -Force }
        Assert-Failure $failure 'DestinationExists,Splice.Commands.MoveItemZeroCopyCommand' ResourceExists "$folder/into/a" 'by this command'
        Get-Content into/a, tree/a | Should -Be a, other
    }

    It 'not move the folder in which the session is: <_>' -ForEach '.', '..', '../inner' {
        Push-Location tree/inner
        try {
            $failure = Get-Failure { Move-ItemZeroCopy $_ "$folder/gone" }
        } finally {
            Pop-Location
        }

        Assert-Failure $failure -Id 'InvalidPath,Splice.Commands.MoveItemZeroCopyCommand' -Category InvalidArgument -Target ([IO.Path]::GetFullPath($_, "$folder/tree/inner")) -Says 'current location', 'Set-Location'
        Get-Content tree/inner/file | Should -Be tree/inner/file
    }

    It 'not move a folder into itself' {
        Assert-Failure (Get-Failure { Move-ItemZeroCopy tree tree/inner }) 'CopyIntoItself,Splice.Commands.MoveItemZeroCopyCommand' InvalidOperation "$folder/tree/inner/tree"
        Assert-Failure (Get-Failure { Move-ItemZeroCopy a ./a -Force }) 'SameFile,Splice.Commands.MoveItemZeroCopyCommand' InvalidOperation "$folder/a"
    }

    It 'report what is missing, and move the others' {
        $failure = Get-Failure { Move-ItemZeroCopy a, missing, b into }
        Assert-Failure $failure 'SourceNotFound,Splice.Commands.MoveItemZeroCopyCommand' ObjectNotFound "$folder/missing"
        (Get-ChildItem into).Name | Should -Be a, b
    }

    It 'warn of a source that is named twice' {
        $null = Move-ItemZeroCopy a, a into -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -BeLike '*is moved once*'
    }

    It 'move to another file system, compared and on the disk' {
        chmod 0751 tree
        touch -d '2001-02-03 04:05:06.123456789' tree/file
        $result = Move-ItemZeroCopy tree $memory
        $result.Reason | Should -BeExactly 'copied, then removed'
        $result.Verified, $result.Flushed, $result.Failed, $result.FileCount, $result.DirectoryCount | Should -Be $true, $true, 0, 2, 2
        Test-Path tree | Should -BeFalse
        stat -c %a "$memory/tree" | Should -Be 751
        stat -c %y "$memory/tree/file" | Should -BeLike '2001-02-03 04:05:06.123456789*'
        (Move-ItemZeroCopy "$memory/tree" . -Verify:$false).Verified | Should -BeFalse
        Get-Content tree/inner/file | Should -Be tree/inner/file
        Get-ChildItem -Force $memory | Should -BeNullOrEmpty
    }

    It 'limit the rate to another file system' {
        [IO.File]::WriteAllBytes("$folder/large", (Get-TestByte 3000000))
        (Move-ItemZeroCopy large $memory -RateLimit 10MB).Elapsed.TotalSeconds | Should -BeGreaterThan 0.1
        Assert-Content "$memory/large" (Get-TestByte 3000000)
    }

    It 'leave the source whole when it is stopped' {
        [IO.File]::WriteAllBytes("$folder/tree/large", (Get-TestByte 3000000))
        $before = Get-Tree "$folder/tree" '%T@'
        $background = Invoke-Background 'Move-ItemZeroCopy $args[0] $args[1] -RateLimit 100KB' "$folder/tree", $memory
        Wait-Until { Get-ChildItem -Force $memory } 'a copy'
        $background.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
        $background.Shell.InvocationStateInfo.State | Should -Be Stopped
        Get-Tree "$folder/tree" '%T@' | Should -Be $before
        Get-ChildItem -Force $memory | Should -BeNullOrEmpty
    }

    It 'tell with -WhatIf what would be done: <Call>' -ForEach @(
        @{ Call = 'a new'; Says = 'Move File'; On = 'F/new' }
        @{ Call = 'a into'; Says = 'Move File'; On = 'F/into/a' }
        @{ Call = 'a b -Force'; Says = 'Move File, Replace File'; On = 'F/b' }
        @{ Call = 'tree M'; Says = 'Move Folder to Another File System (Copy and Remove)'; On = 'M/tree' }
        @{ Call = 'a, b new'; Says = 'Move File'; On = 'F/new/a' }
        @{ Call = 'tree new/'; Says = 'Move Folder'; On = 'F/new/tree' }
        @{ Call = 'a, b M/new'; Says = 'Move File to Another File System (Copy and Remove)'; On = 'M/new/a' }
    ) {
        $before = Get-Tree $folder '%T@'
        $text = $Call.Replace('M', $memory)
        $shown = pwsh -NoProfile -NonInteractive -Command "Import-Module '$((Get-Module Splice).Path)'; Set-Location '$folder'; Move-ItemZeroCopy $text -WhatIf"
        $source = "$folder/$($Call.Split(' ')[0].TrimEnd(','))"
        @($shown)[0] | Should -BeExactly "What if: Performing the operation `"$Says`" on target `"Item: $source Destination: $($On.Replace('F/', "$folder/").Replace('M/', "$memory/"))`"."
        Get-Tree $folder '%T@' | Should -Be $before
    }

    It 'report with -WhatIf what would fail' {
        Assert-Failure (Get-Failure { Move-ItemZeroCopy a b -WhatIf }) 'DestinationExists,Splice.Commands.MoveItemZeroCopyCommand' ResourceExists "$folder/b" 'exists'
    }

    It 'write with -Verbose how it was moved' {
        Move-ItemZeroCopy a new -Verbose 4>&1 | Where-Object { $_ -is [Management.Automation.VerboseRecord] } | Select-Object -Last 1 | Should -BeLike '*was renamed*'
    }
}

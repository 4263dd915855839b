BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # The paths of all that is in a folder.
    function Get-Tree([string] $Folder) {
        $Folder = (Resolve-Path -LiteralPath $Folder).ProviderPath
        (Get-ChildItem -LiteralPath $Folder -Recurse -Force).ForEach({ [IO.Path]::GetRelativePath($Folder, $_.FullName) }) | Sort-Object
    }
}

Describe 'Sync-ItemZeroCopy' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = New-Item -ItemType Directory "$folder/s/a", "$folder/d/old"
        Set-Content "$folder/s/a/f" new
        Set-Content "$folder/s/g" new
        Set-Content "$folder/d/g" 'the old one'
        Set-Content "$folder/d/old/x", "$folder/d/y" extra
        Push-Location $folder
    }

    AfterEach {
        Pop-Location
    }

    It 'makes a folder equal to another, and a second run changes nothing' {
        $result = Sync-ItemZeroCopy s d -RemoveExtra
        $result.FileCount, $result.Updated, $result.Unchanged, $result.Removed, $result.Failed | Should -Be 2, 1, 0, 3, 0
        Get-Tree d | Should -Be 'a', 'a/f', 'g'
        Get-Content d/g | Should -Be new

        $again = Sync-ItemZeroCopy s/ d/ -RemoveExtra
        $again.Updated, $again.Unchanged, $again.Removed, $again.BytesCopied | Should -Be 0, 2, 0, 0
    }

    It 'removes nothing unless that is requested, and has the names of other tools' {
        (Sync-ItemZeroCopy s d).Removed | Should -Be 0
        Get-Tree d | Should -Be 'a', 'a/f', 'g', 'old', 'old/x', 'y'
        foreach ($name in 'Delete', 'Mirror', 'Purge') {
            Set-Content d/y extra
            $switch = @{ $name = $true }
            (Sync-ItemZeroCopy s d @switch).Removed | Should -BeGreaterThan 0
        }

        Get-Tree d | Should -Be 'a', 'a/f', 'g'
    }

    It 'lists with -WhatIf what it would do and why, and does nothing' {
        $before = Get-Tree d
        $lines = pwsh -NoProfile -NonInteractive -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Set-Location '$folder'; Sync-ItemZeroCopy s d -RemoveExtra -WhatIf"
        Get-Tree d | Should -Be $before
        $lines | Should -Be @(
            foreach ($line in 'Create Folder:a', 'Copy File:a/f', 'Update File (size differs):g', 'Remove Folder (2 items):old', 'Remove Item:y') {
                $action, $name = $line -split ':'
                $source = $action -like 'Remove*' ? '' : "Item: $folder/s/$name "
                "What if: Performing the operation `"$action`" on target `"${source}Destination: $folder/d/$name`"."
            }

            'What if: Files: 1 to copy, 1 to update (8 B in all), 0 unchanged, 0 skipped, 3 to remove, 0 with errors.'
        )
    }

    It 'lists with -WhatIf that the destination would be created, and no removals without -RemoveExtra' {
        $lines = pwsh -NoProfile -NonInteractive -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Set-Location '$folder'; Sync-ItemZeroCopy s new -WhatIf"
        $lines[0] | Should -Be "What if: Performing the operation `"Create Folder`" on target `"Item: $folder/s Destination: $folder/new`"."
        $lines[-1] | Should -Be 'What if: Files: 2 to copy, 0 to update (8 B in all), 0 unchanged, 0 skipped, 0 with errors.'
        'new' | Should -Not -Exist
    }

    It 'emits each item with -PerFile' {
        $items = Sync-ItemZeroCopy s d -RemoveExtra -PerFile
        $items.ForEach({ "$($_.Status) $([IO.Path]::GetRelativePath("$folder/d", $_.Destination)) $($_.Reason)".Trim() }) | Sort-Object |
            Should -Be 'Copied a/f', 'Removed old missing in the source', 'Removed y missing in the source', 'Updated g size differs'
        $items.Where({ $_.Status -eq 'Removed' }).Removed | Sort-Object | Should -Be 1, 2
    }

    It 'copies and removes nothing that is excluded' {
        Set-Content s/debug.log, d/other.log 'a log'
        Sync-ItemZeroCopy s d -RemoveExtra -Exclude *.log, old/ -WarningVariable warnings
        Get-Tree d | Should -Be 'a', 'a/f', 'g', 'old', 'old/x', 'other.log'
        $warnings | Should -BeNullOrEmpty
        Sync-ItemZeroCopy s d -RemoveExtra -Exclude *.log, old/ -RemoveExcluded
        Get-Tree d | Should -Be 'a', 'a/f', 'g'
    }

    It 'warns of a pattern that matches nothing' {
        Sync-ItemZeroCopy s d -Exclude *.nothing -WarningVariable warnings -WarningAction SilentlyContinue
        $warnings | Should -BeLike "*'`*.nothing'*"
    }

    It 'refuses <Name>, and changes nothing' -ForEach @(
        @{ Name = 'an empty source'; Id = 'EmptySource'; Action = '-AllowEmptySource'; Call = { $null = New-Item empty -ItemType Directory; Sync-ItemZeroCopy empty d -RemoveExtra } }
        @{ Name = 'a missing source'; Id = 'SourceNotFound'; Action = 'Check the name'; Call = { Sync-ItemZeroCopy none d -RemoveExtra } }
        @{ Name = 'a missing source with -WhatIf'; Id = 'SourceNotFound'; Action = 'Check the name'; Call = { Sync-ItemZeroCopy none d -RemoveExtra -WhatIf } }
        @{ Name = 'a file as the source'; Id = 'SourceNotFolder'; Action = 'Copy-ItemZeroCopy'; Call = { Sync-ItemZeroCopy s/g d -RemoveExtra } }
        @{ Name = 'a file as the destination'; Id = 'DestinationExists'; Action = 'remove it'; Call = { Sync-ItemZeroCopy s d/y -RemoveExtra } }
        @{ Name = 'folders in each other'; Id = 'FoldersOverlap'; Action = '-Exclude'; Call = { Sync-ItemZeroCopy s s/a -RemoveExtra } }
        @{ Name = 'the root folder of an empty variable'; Id = 'FoldersOverlap'; Action = '-Exclude'; Call = { Sync-ItemZeroCopy s "$none/" -RemoveExtra } }
        @{ Name = 'too many removals'; Id = 'TooManyRemovals'; Action = '-MaximumRemoval 3'; Call = { Sync-ItemZeroCopy s d -RemoveExtra -MaximumRemoval 2 } }
    ) {
        $before = Get-Tree d
        $failure = Get-Failure $Call
        $failure | Should -HaveCount 1
        $failure[0].FullyQualifiedErrorId | Should -Be "$Id,Splice.Commands.SyncItemZeroCopyCommand"
        $failure[0].ErrorDetails.RecommendedAction | Should -BeLike "*$Action*"
        Get-Tree d | Should -Be $before
    }

    It 'refuses <Options>, and changes nothing' -ForEach @(
        @{ Options = '-RemoveExcluded without -RemoveExtra'; Says = '-RemoveExcluded', '-RemoveExtra'; Call = { Sync-ItemZeroCopy s d -Exclude old/ -RemoveExcluded } }
        @{ Options = '-BlockSize with -Delta Never'; Says = '-BlockSize', '-Delta Never'; Call = { Sync-ItemZeroCopy s d -Delta Never -BlockSize 4KB } }
        @{ Options = '-InPlace with -NoClobber'; Says = '-InPlace', '-NoClobber'; Call = { Sync-ItemZeroCopy s d -InPlace -NoClobber } }
    ) {
        $before = Get-Tree d
        $failure = $null
        try { & $Call } catch { $failure = $_ }
        $failure.FullyQualifiedErrorId | Should -BeExactly 'ConflictingOptions,Splice.Commands.SyncItemZeroCopyCommand'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*omit *'
        foreach ($words in $Says) { $failure.Exception.Message | Should -BeLike "*$words*" }
        Get-Tree d | Should -Be $before
        Get-Content d/g | Should -Be 'the old one'
    }

    It 'accepts parameters whose partner a script has turned off' {
        $result = Sync-ItemZeroCopy s d -RemoveExtra:$false -RemoveExcluded -MaximumRemoval 1 -Exclude g -WarningVariable warnings
        $result.FileCount, $result.Removed | Should -Be 1, 0
        $warnings | Should -BeNullOrEmpty
    }

    It 'warns of -MaximumRemoval without -RemoveExtra' {
        (Sync-ItemZeroCopy s d -MaximumRemoval 1 -WarningVariable warnings -WarningAction SilentlyContinue).Updated | Should -Be 1
        $warnings | Should -HaveCount 1
        $warnings.Message | Should -BeExactly '-MaximumRemoval has no effect without -RemoveExtra: nothing is removed.'
    }

    It 'does not run with a pattern that is not one' {
        { Sync-ItemZeroCopy s d -RemoveExtra -Exclude '[a' } | Should -Throw -ErrorId 'InvalidPattern,Splice.Commands.SyncItemZeroCopyCommand'
        Get-Tree d | Should -Be 'g', 'old', 'old/x', 'y'
    }

    It 'does what the recommended actions say' {
        $null = New-Item empty -ItemType Directory
        $failure = Get-Failure { Sync-ItemZeroCopy s d -RemoveExtra -MaximumRemoval 2 }
        $failure[0].ErrorDetails.RecommendedAction -match '-MaximumRemoval (\d+)' | Should -BeTrue
        (Sync-ItemZeroCopy s d -RemoveExtra -MaximumRemoval $Matches[1]).Removed | Should -Be 3
        (Sync-ItemZeroCopy empty d -RemoveExtra -AllowEmptySource).Removed | Should -Be 3
        Get-Tree d | Should -BeNullOrEmpty
    }

    It 'does not prompt in a script, and -Confirm:$false is accepted' {
        (Sync-ItemZeroCopy s d -RemoveExtra -Confirm:$false).Removed | Should -Be 3
    }

    It 'replaces what -Update selects' {
        Set-Content d/g old
        touch -r s/g d/g
        (Sync-ItemZeroCopy s d).Updated | Should -Be 0
        (Sync-ItemZeroCopy s d -Update Content).Updated | Should -Be 1
        Get-Content d/g | Should -Be new

        (Get-Item d/g).LastWriteTimeUtc = [datetime]::new(2001, 1, 1)
        (Sync-ItemZeroCopy s d -Update Size -Preserve None).Updated | Should -Be 0
        (Sync-ItemZeroCopy s d -TimeTolerance ([timespan]::FromDays(100000))).Updated | Should -Be 0
        (Sync-ItemZeroCopy s d).Updated | Should -Be 1

        (Get-Item d/g).LastWriteTimeUtc = [datetime]::UtcNow.AddYears(1)
        (Sync-ItemZeroCopy s d -Update Newer).Skipped | Should -Be 1
        { Sync-ItemZeroCopy s d -Update Always } | Should -Throw -ErrorId 'ConflictingOptions,*'
    }

    It 'takes folders from objects with Path and Destination' {
        $pairs = [pscustomobject]@{ Path = 's'; Destination = 'one' }, [pscustomobject]@{ Path = 's'; Destination = 'two' }
        ($pairs | Sync-ItemZeroCopy).FileCount | Should -Be 2, 2
        Get-Tree two | Should -Be 'a', 'a/f', 'g'
    }

    It 'stops at Ctrl+C, and what is there is complete' {
        $null = [IO.Directory]::CreateDirectory("$folder/big")
        [IO.File]::WriteAllBytes("$folder/big/file", (Get-TestByte 3000000))
        $background = Invoke-Background 'Sync-ItemZeroCopy $args[0] $args[1] -RemoveExtra -RateLimit 100KB' "$folder/big", "$folder/d"
        Wait-Until { (Get-OpenFile "$folder/d/").Size -gt 0 } 'bytes in the new file'
        $background.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
        $background.Shell.InvocationStateInfo.State | Should -Be Stopped
        Assert-Closed "$folder/d"
        Get-Tree d | Should -Be 'g', 'old', 'old/x', 'y'
    }

    Context 'on hosts' {
        BeforeAll {
            $script:server = Open-SshHost "$TestDrive/ssh"
        }

        AfterAll {
            Close-SshHost $server
        }

        BeforeEach {
            if (-not $server) { Set-ItResult -Skipped -Because 'sshd is not available to this user'; return }
            foreach ($name in 'web1', 'web2') {
                Remove-Item -Recurse -Force "$($server.Folder)/$name/d" -ErrorAction Ignore
                Copy-Item -Recurse d "$($server.Folder)/$name/d"
            }
        }

        It 'makes the folders of several hosts equal to a folder, and a second run sends nothing' {
            $local = Sync-ItemZeroCopy s d -RemoveExtra
            $results = Sync-ItemZeroCopy s/ d/ -HostName 'web[1-2]' -RemoveExtra | Sort-Object HostName
            $results.HostName | Should -Be web1, web2
            foreach ($result in $results) {
                $result.FileCount, $result.Updated, $result.Unchanged, $result.Removed, $result.FailedCount | Should -Be 2, 1, 0, 3, 0
                $there = "$($server.Folder)/$($result.HostName)/d"
                $result.Destination | Should -Be $there
                Get-Tree $there | Should -Be (Get-Tree d)
                Get-Content "$there/g" | Should -Be new
            }

            $again = Sync-ItemZeroCopy s d -HostName web1, web2 -RemoveExtra
            foreach ($result in $again) {
                $result.Updated, $result.Unchanged, $result.Removed, $result.BytesSent | Should -Be 0, 2, 0, 0
            }
        }

        It 'lists with -WhatIf only what would change, and does nothing' {
            Copy-Item -Recurse s/a "$($server.Folder)/web1/d/a"
            touch -r s/a/f "$($server.Folder)/web1/d/a/f"
            $there = "$($server.Folder)/web1/d"
            $before = Get-Tree $there
            $lines = pwsh -NoProfile -NonInteractive -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Set-Location '$folder'; Sync-ItemZeroCopy s d -HostName web1 -RemoveExtra -WhatIf"
            Get-Tree $there | Should -Be $before
            $lines | Should -Be @(
                "Performing the operation ""Update File (size differs)"" on target ""Item: $folder/s/g Host: web1 Destination: $there/g""."
                "Performing the operation ""Remove Folder (2 items)"" on target ""Host: web1 Destination: $there/old""."
                "Performing the operation ""Remove Item"" on target ""Host: web1 Destination: $there/y""."
                'Files on web1: 0 to copy, 1 to update (4 B in all), 1 unchanged, 0 skipped, 3 to remove.'
            ).ForEach({ "What if: $_" })
            Remove-Item -Recurse -Force "$there/a"
            $lines = pwsh -NoProfile -NonInteractive -Command "Import-Module '$PSScriptRoot/../../out/Splice'; Set-Location '$folder'; Sync-ItemZeroCopy s d -HostName web1 -WhatIf"
            $lines[0] | Should -Be "What if: Performing the operation ""Create Folder"" on target ""Item: $folder/s/a Host: web1 Destination: $there/a""."
            $lines[1] | Should -Be "What if: Performing the operation ""Copy File"" on target ""Item: $folder/s/a/f Host: web1 Destination: $there/a/f""."
        }

        It 'replaces what -Update selects, and keeps hard links by default' {
            Set-Content "$($server.Folder)/web1/d/g" old
            touch -r s/g "$($server.Folder)/web1/d/g"
            (Sync-ItemZeroCopy s d -HostName web1 -Exclude a/).Updated | Should -Be 0
            (Sync-ItemZeroCopy s d -HostName web1 -Update Content -Exclude a/).Updated | Should -Be 1
            Get-Content "$($server.Folder)/web1/d/g" | Should -Be new
            ln s/g s/h
            (Sync-ItemZeroCopy s d -HostName web1).FileCount | Should -Be 3
            stat --format=%h "$($server.Folder)/web1/d/h" | Should -Be 2
        }

        It 'takes hosts with their users, ports and destinations from objects' {
            $rows = [pscustomobject]@{ HostName = 'web1'; UserName = 'root'; Destination = 'd' }, [pscustomobject]@{ HostName = 'web2'; UserName = ''; Destination = 'other' }
            ($rows | Sync-ItemZeroCopy s -RemoveExtra).FileCount | Should -Be 2, 2
            Get-Tree "$($server.Folder)/web1/d" | Should -Be 'a', 'a/f', 'g'
            Get-Tree "$($server.Folder)/web2/other" | Should -Be 'a', 'a/f', 'g'
        }

        It 'neither copies nor removes what is excluded, and warns of a pattern that matches nothing' {
            Sync-ItemZeroCopy s d -HostName web1 -RemoveExtra -Exclude old/, g, *.nothing -WarningVariable warnings -WarningAction SilentlyContinue
            Get-Tree "$($server.Folder)/web1/d" | Should -Be 'a', 'a/f', 'g', 'old', 'old/x'
            $warnings | Should -BeLike "*'`*.nothing' of -Exclude*"
            Get-Content "$($server.Folder)/web1/d/g" | Should -Be 'the old one'
        }

        It 'refuses <Name>, and changes nothing' -ForEach @(
            @{ Name = 'an empty source'; Id = 'EmptySource'; Action = '-AllowEmptySource'; Call = { $null = New-Item empty -ItemType Directory; Sync-ItemZeroCopy empty d -HostName web1 -RemoveExtra } }
            @{ Name = 'an empty source without removals'; Id = 'EmptySource'; Action = '-AllowEmptySource'; Call = { $null = New-Item empty -ItemType Directory; Sync-ItemZeroCopy empty d -HostName web1 } }
            @{ Name = 'a missing source'; Id = 'SourceNotFound'; Action = 'Check the name'; Call = { Sync-ItemZeroCopy none d -HostName web1 } }
            @{ Name = 'a missing source with -WhatIf'; Id = 'SourceNotFound'; Action = 'Check the name'; Call = { Sync-ItemZeroCopy none d -HostName web1 -WhatIf } }
            @{ Name = 'a file as the source'; Id = 'SourceNotFolder'; Action = 'Specify a folder'; Call = { Sync-ItemZeroCopy s/g d -HostName web1 } }
            @{ Name = 'a file as the destination'; Id = 'DestinationExists'; Action = 'another name'; Call = { Sync-ItemZeroCopy s d/y -HostName web1 } }
            @{ Name = 'the root folder of an empty variable'; Id = 'InvalidPath'; Action = 'empty variable'; Call = { Sync-ItemZeroCopy s "$none/" -HostName web1 -RemoveExtra } }
            @{ Name = 'too many removals'; Id = 'TooManyRemovals'; Action = '-MaximumRemoval 3'; Call = { Sync-ItemZeroCopy s d -HostName web1 -RemoveExtra -MaximumRemoval 2 } }
            @{ Name = 'hosts that are blank'; Id = 'InvalidHostName'; Action = 'Specify'; Call = { Sync-ItemZeroCopy s d -HostName '', '# none' } }
        ) {
            $before = Get-Tree "$($server.Folder)/web1/d"
            $failure = Get-Failure $Call
            $failure | Should -HaveCount 1
            $failure[0].FullyQualifiedErrorId | Should -Be "$Id,Splice.Commands.SyncItemZeroCopyCommand"
            $failure[0].ErrorDetails.RecommendedAction | Should -BeLike "*$Action*"
            Get-Tree "$($server.Folder)/web1/d" | Should -Be $before
        }

        It 'is without the parameters that have no meaning there: <_>' -ForEach 'InPlace', 'NoClobber', 'ExistingOnly', 'OneFileSystem', 'PerFile' {
            $switch = @{ $_ = $true }
            { Sync-ItemZeroCopy s d -HostName web1 @switch } | Should -Throw -ErrorId 'AmbiguousParameterSet,Splice.Commands.SyncItemZeroCopyCommand'
        }
    }

    It 'refuses -<Name> with -HostName, and recommends Send-ItemZeroCopy' -ForEach @{ Name = 'Delta'; Value = 'Auto' }, @{ Name = 'BlockSize'; Value = 4KB } {
        $parameter = @{ $Name = $Value }
        $failure = $null
        try { Sync-ItemZeroCopy s d -HostName web1 @parameter } catch { $failure = $_ }
        $failure.FullyQualifiedErrorId | Should -BeExactly 'ConflictingOptions,Splice.Commands.SyncItemZeroCopyCommand'
        $failure.Exception.Message | Should -BeLike "-$Name is for single files on hosts.*"
        $failure.ErrorDetails.RecommendedAction | Should -BeExactly 'Send-ItemZeroCopy FILE web1 d/ -Delta Auto'
    }

    It 'refuses -<Name> without -HostName' -ForEach @(
        @{ Name = 'UserName'; Value = 'root' }
        @{ Name = 'Port'; Value = 22 }
        @{ Name = 'KeyFilePath'; Value = 'key' }
        @{ Name = 'ConfigFile'; Value = 'config' }
        @{ Name = 'Options'; Value = @{} }
        @{ Name = 'ConnectingTimeout'; Value = 5 }
        @{ Name = 'IdleTimeout'; Value = 5 }
        @{ Name = 'Compress'; Value = $true }
    ) {
        $parameter = @{ $Name = $Value }
        $failure = $null
        try { Sync-ItemZeroCopy s d @parameter } catch { $failure = $_ }
        $failure.FullyQualifiedErrorId | Should -BeExactly 'ConflictingOptions,Splice.Commands.SyncItemZeroCopyCommand'
        $failure.ErrorDetails.RecommendedAction | Should -BeExactly "Add -HostName, or omit -$Name."
        Get-Content d/g | Should -Be 'the old one'
    }

    Context 'of a large file' {
        BeforeEach {
            $script:bytes = Get-TestByte 2MB
            [IO.File]::WriteAllBytes("$folder/d/large", $bytes)
            (Get-Item d/large).LastWriteTime = '2001-02-03'
            foreach ($i in 1MB, (1MB + 20KB)) { $bytes[$i] = $bytes[$i] -bxor 1 }
            [IO.File]::WriteAllBytes("$folder/s/large", $bytes)
        }

        It 'writes what differs in blocks of <BlockSize> bytes' -ForEach @{ BlockSize = 64KB; Written = 24KB }, @{ BlockSize = 4KB; Written = 8KB } {
            $inode = stat --format=%i d/large
            $result = Sync-ItemZeroCopy s d -Delta Always -BlockSize $BlockSize -InPlace -PerFile | Where-Object Name -EQ large
            $result.Status | Should -Be Updated
            $result.BytesWritten, $result.BytesUnchanged, $result.BytesCopied | Should -Be $Written, (2MB - $Written), 2MB
            Assert-Content "$folder/d/large" $bytes
            stat --format=%i d/large | Should -Be $inode
        }

        It 'writes a new file with -Delta <_>' -ForEach Auto, Always, Never {
            $inode = stat --format=%i d/large
            $result = Sync-ItemZeroCopy s d -Delta $_ -PerFile | Where-Object Name -EQ large
            $result.BytesWritten + $result.BytesShared | Should -Be 2MB
            Assert-Content "$folder/d/large" $bytes
            stat --format=%i d/large | Should -Not -Be $inode
        }
    }
}
